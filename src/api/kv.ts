import { etcdserverpb } from '../gen/protos.js';
import type { Member } from '../member/index.js';
import {
  toCompactRequest,
  toDeleteRangeRequest,
  toPutRequest,
  toRangeRequest,
  toTxnRequest,
} from './convert.js';
import { decodeRequest } from './decode.js';
import {
  encodeCompactResponse,
  encodeDeleteRangeResponse,
  encodePutResponse,
  encodeRangeResponse,
  encodeTxnResponse,
} from './encode.js';
import type { HeaderWriter } from './header.js';
import { unary } from './method.js';
import type { Method } from './method.js';

/** etcdserverpb.KV, whole. */
export function kvMethods(member: Member, header: HeaderWriter): readonly Method[] {
  return [
    unary(member, '/etcdserverpb.KV/Range', {
      decode: (bytes) => toRangeRequest(decodeRequest(etcdserverpb.RangeRequest, bytes)),
      servedByLearner: (request) => request.serializable,
      handle: async (request) => encodeRangeResponse(header, await member.range(request)),
    }),
    unary(member, '/etcdserverpb.KV/Put', {
      decode: (bytes) => toPutRequest(decodeRequest(etcdserverpb.PutRequest, bytes)),
      handle: async (request) => encodePutResponse(header, await member.put(request)),
    }),
    unary(member, '/etcdserverpb.KV/DeleteRange', {
      decode: (bytes) => toDeleteRangeRequest(decodeRequest(etcdserverpb.DeleteRangeRequest, bytes)),
      handle: async (request) => encodeDeleteRangeResponse(header, await member.deleteRange(request)),
    }),
    unary(member, '/etcdserverpb.KV/Txn', {
      decode: (bytes) => toTxnRequest(decodeRequest(etcdserverpb.TxnRequest, bytes)),
      handle: async (request) => encodeTxnResponse(header, await member.txn(request)),
    }),
    unary(member, '/etcdserverpb.KV/Compact', {
      decode: (bytes) => toCompactRequest(decodeRequest(etcdserverpb.CompactionRequest, bytes)),
      handle: async (request) => encodeCompactResponse(header, await member.compact(request)),
    }),
  ];
}

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
      handle: async (request, caller) => encodeRangeResponse(header, await member.range(request, caller)),
    }),
    unary(member, '/etcdserverpb.KV/Put', {
      decode: (bytes) => toPutRequest(decodeRequest(etcdserverpb.PutRequest, bytes)),
      handle: async (request, caller) => encodePutResponse(header, await member.put(request, caller)),
    }),
    unary(member, '/etcdserverpb.KV/DeleteRange', {
      decode: (bytes) => toDeleteRangeRequest(decodeRequest(etcdserverpb.DeleteRangeRequest, bytes)),
      handle: async (request, caller) =>
        encodeDeleteRangeResponse(header, await member.deleteRange(request, caller)),
    }),
    unary(member, '/etcdserverpb.KV/Txn', {
      decode: (bytes) => toTxnRequest(decodeRequest(etcdserverpb.TxnRequest, bytes)),
      handle: async (request, caller) => encodeTxnResponse(header, await member.txn(request, caller)),
    }),
    unary(member, '/etcdserverpb.KV/Compact', {
      decode: (bytes) => toCompactRequest(decodeRequest(etcdserverpb.CompactionRequest, bytes)),
      handle: async (request, caller) => encodeCompactResponse(header, await member.compact(request, caller)),
    }),
  ];
}

import { setImmediate } from 'node:timers/promises';
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
  encodeAhead,
  encodeCompactResponse,
  encodeDeleteRangeResponse,
  encodePutResponse,
  encodeRangeResponse,
  encodeTxnResponse,
  isLarge,
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
      async handle(request, caller, _signal, isWanted) {
        const response = await member.range(request, caller, isWanted);
        if (isLarge(response)) await encodeAhead(response, setImmediate);
        return encodeRangeResponse(header, response);
      },
    }),
    unary(member, '/etcdserverpb.KV/Put', {
      decode: (bytes) => toPutRequest(decodeRequest(etcdserverpb.PutRequest, bytes)),
      handle: async (request, caller) => encodePutResponse(header, await member.put(request, caller)),
    }),
    unary(member, '/etcdserverpb.KV/DeleteRange', {
      decode: (bytes) => toDeleteRangeRequest(decodeRequest(etcdserverpb.DeleteRangeRequest, bytes)),
      async handle(request, caller) {
        const response = await member.deleteRange(request, caller);
        if (isLarge(response)) await encodeAhead(response, setImmediate);
        return encodeDeleteRangeResponse(header, response);
      },
    }),
    unary(member, '/etcdserverpb.KV/Txn', {
      decode: (bytes) => toTxnRequest(decodeRequest(etcdserverpb.TxnRequest, bytes)),
      async handle(request, caller, _signal, isWanted) {
        const response = await member.txn(request, caller, isWanted);
        if (isLarge(response)) await encodeAhead(response, setImmediate);
        return encodeTxnResponse(header, response);
      },
    }),
    unary(member, '/etcdserverpb.KV/Compact', {
      decode: (bytes) => toCompactRequest(decodeRequest(etcdserverpb.CompactionRequest, bytes)),
      handle: async (request, caller) => encodeCompactResponse(header, await member.compact(request, caller)),
    }),
  ];
}

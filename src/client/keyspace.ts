import type { etcdserverpb, mvccpb } from '../gen/protos.js';
import { endOfPrefix, isUnbounded } from './keys.js';

interface WireRange {
  key?: Uint8Array | null;
  rangeEnd?: Uint8Array | null;
}

/** The part of the store that one view of a client sees: it puts a prefix before keys that go out, and takes it off again. */
export interface Keyspace {
  readonly prefix: Uint8Array;
  /** The same request, about the keys as the store knows them. */
  outward<Request extends WireRange>(request: Request): Request;
  outwardTxn(request: etcdserverpb.TxnRequest.$Properties): etcdserverpb.TxnRequest.$Properties;
  /** What was decoded, with keys as the view knows them; changed in place. */
  inward<Wire extends mvccpb.KeyValue.$Properties>(wire: Wire): Wire;
  inwardRange(response: etcdserverpb.RangeResponse.$Properties): etcdserverpb.RangeResponse.$Properties;
  inwardPut(response: etcdserverpb.PutResponse.$Properties): etcdserverpb.PutResponse.$Properties;
  inwardDelete(
    response: etcdserverpb.DeleteRangeResponse.$Properties,
  ): etcdserverpb.DeleteRangeResponse.$Properties;
  inwardTxn(response: etcdserverpb.TxnResponse.$Properties): etcdserverpb.TxnResponse.$Properties;
}

/** All keys, as they are. */
export const wholeKeyspace: Keyspace = {
  prefix: new Uint8Array(0),
  outward: (request) => request,
  outwardTxn: (request) => request,
  inward: (wire) => wire,
  inwardRange: (response) => response,
  inwardPut: (response) => response,
  inwardDelete: (response) => response,
  inwardTxn: (response) => response,
};

/** Those that begin with `prefix`, which is not empty. */
export function createKeyspace(prefix: Uint8Array): Keyspace {
  const end = endOfPrefix(prefix);

  function outward<Request extends WireRange>(request: Request): Request {
    const key = Buffer.concat([prefix, request.key ?? end.subarray(0, 0)]);
    const { rangeEnd } = request;
    if (rangeEnd === null || rangeEnd === undefined || rangeEnd.length === 0) return { ...request, key };
    return { ...request, key, rangeEnd: isUnbounded(rangeEnd) ? end : Buffer.concat([prefix, rangeEnd]) };
  }

  function outwardOperation(
    operation: etcdserverpb.RequestOp.$Properties,
  ): etcdserverpb.RequestOp.$Properties {
    const { requestRange, requestPut, requestDeleteRange, requestTxn } = operation;
    if (requestRange) return { requestRange: outward(requestRange) };
    if (requestPut) return { requestPut: outward(requestPut) };
    if (requestDeleteRange) return { requestDeleteRange: outward(requestDeleteRange) };
    return requestTxn ? { requestTxn: outwardTxn(requestTxn) } : operation;
  }

  function outwardTxn(request: etcdserverpb.TxnRequest.$Properties): etcdserverpb.TxnRequest.$Properties {
    return {
      compare: (request.compare ?? []).map(outward),
      success: (request.success ?? []).map(outwardOperation),
      failure: (request.failure ?? []).map(outwardOperation),
    };
  }

  function inward<Wire extends mvccpb.KeyValue.$Properties>(wire: Wire): Wire {
    if (wire.key) wire.key = wire.key.subarray(prefix.length);
    return wire;
  }

  const space: Keyspace = {
    prefix,
    outward,
    outwardTxn,
    inward,
    inwardRange(response) {
      response.kvs?.forEach(inward);
      return response;
    },
    inwardPut(response) {
      if (response.prevKv) inward(response.prevKv);
      return response;
    },
    inwardDelete(response) {
      response.prevKvs?.forEach(inward);
      return response;
    },
    inwardTxn(response) {
      for (const { responseRange, responsePut, responseDeleteRange, responseTxn } of response.responses ??
        []) {
        if (responseRange) space.inwardRange(responseRange);
        if (responsePut) space.inwardPut(responsePut);
        if (responseDeleteRange) space.inwardDelete(responseDeleteRange);
        if (responseTxn) space.inwardTxn(responseTxn);
      }
      return response;
    },
  };
  return space;
}

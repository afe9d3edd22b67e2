import { int64 } from './int64.js';
import { etcdserverpb } from '../../src/gen/protos.js';
import type { mvccpb } from '../../src/gen/protos.js';
import type {
  Compare,
  DeleteRequest,
  Kv,
  PutRequest,
  RangeRequest,
  Request,
  Response,
  TxnRequest,
} from '../history/index.js';

/** What travels for each kind of request: its path, its message, and how its answer is read. */
export interface Exchange {
  readonly path: string;
  readonly message: Uint8Array;
  readonly read: (answer: Uint8Array) => Response;
}

export function exchangeOf(request: Request): Exchange {
  switch (request.type) {
    case 'range':
      return {
        path: '/etcdserverpb.KV/Range',
        message: etcdserverpb.RangeRequest.encode(rangeMessage(request)).finish(),
        read: (answer) => rangeResponse(etcdserverpb.RangeResponse.decode(answer)),
      };
    case 'put':
      return {
        path: '/etcdserverpb.KV/Put',
        message: etcdserverpb.PutRequest.encode(putMessage(request)).finish(),
        read: (answer) => ({ type: 'put', revision: revisionOf(etcdserverpb.PutResponse.decode(answer)) }),
      };
    case 'delete':
      return {
        path: '/etcdserverpb.KV/DeleteRange',
        message: etcdserverpb.DeleteRangeRequest.encode(deleteMessage(request)).finish(),
        read: (answer) => deleteResponse(etcdserverpb.DeleteRangeResponse.decode(answer)),
      };
    case 'txn':
      return {
        path: '/etcdserverpb.KV/Txn',
        message: etcdserverpb.TxnRequest.encode(txnMessage(request)).finish(),
        read: (answer) => txnResponse(etcdserverpb.TxnResponse.decode(answer)),
      };
    case 'compact':
      return {
        path: '/etcdserverpb.KV/Compact',
        message: etcdserverpb.CompactionRequest.encode({ revision: request.revision }).finish(),
        read: (answer) => ({
          type: 'compact',
          revision: revisionOf(etcdserverpb.CompactionResponse.decode(answer)),
        }),
      };
    case 'lease-grant':
      return {
        path: '/etcdserverpb.Lease/LeaseGrant',
        message: etcdserverpb.LeaseGrantRequest.encode({
          ID: int64(request.id),
          TTL: request.ttlSeconds,
        }).finish(),
        read(answer) {
          const granted = etcdserverpb.LeaseGrantResponse.decode(answer);
          const revision = revisionOf(granted);
          return { type: 'lease-grant', revision, id: String(granted.ID), ttlSeconds: Number(granted.TTL) };
        },
      };
    case 'lease-revoke':
      return {
        path: '/etcdserverpb.Lease/LeaseRevoke',
        message: etcdserverpb.LeaseRevokeRequest.encode({ ID: int64(request.id) }).finish(),
        read: (answer) => ({
          type: 'lease-revoke',
          revision: revisionOf(etcdserverpb.LeaseRevokeResponse.decode(answer)),
        }),
      };
    case 'lease-keep-alive':
      return {
        path: '/etcdserverpb.Lease/LeaseKeepAlive',
        message: etcdserverpb.LeaseKeepAliveRequest.encode({ ID: int64(request.id) }).finish(),
        read(answer) {
          const kept = etcdserverpb.LeaseKeepAliveResponse.decode(answer);
          return { type: 'lease-keep-alive', revision: revisionOf(kept), ttlSeconds: Number(kept.TTL) };
        },
      };
    case 'lease-time-to-live':
      return {
        path: '/etcdserverpb.Lease/LeaseTimeToLive',
        message: etcdserverpb.LeaseTimeToLiveRequest.encode({ ID: int64(request.id) }).finish(),
        read(answer) {
          const left = etcdserverpb.LeaseTimeToLiveResponse.decode(answer);
          return { type: 'lease-time-to-live', revision: revisionOf(left), ttlSeconds: Number(left.TTL) };
        },
      };
  }
}

const text = new TextDecoder();

/** Keys and values are UTF-8 text here; whatever else is stored is not what a workload wrote. */
const bytesOf = (written: string): Uint8Array => Buffer.from(written, 'utf8');

function revisionOf(answer: {
  readonly header?: etcdserverpb.ResponseHeader.$Properties | null | undefined;
}): number {
  return Number(answer.header?.revision ?? 0);
}

export function kvOf(kv: mvccpb.KeyValue.$Properties): Kv {
  return {
    key: text.decode(kv.key ?? undefined),
    value: text.decode(kv.value ?? undefined),
    createRevision: Number(kv.createRevision ?? 0),
    modRevision: Number(kv.modRevision ?? 0),
    version: Number(kv.version ?? 0),
    lease: String(kv.lease ?? 0),
  };
}

function rangeMessage(range: RangeRequest): etcdserverpb.RangeRequest.$Properties {
  return {
    key: bytesOf(range.key),
    rangeEnd: bytesOf(range.rangeEnd),
    revision: range.revision,
    limit: range.limit,
    serializable: range.serializable,
  };
}

function putMessage(put: PutRequest): etcdserverpb.PutRequest.$Properties {
  return { key: bytesOf(put.key), value: bytesOf(put.value), lease: int64(put.lease) };
}

function deleteMessage(request: DeleteRequest): etcdserverpb.DeleteRangeRequest.$Properties {
  return { key: bytesOf(request.key), rangeEnd: bytesOf(request.rangeEnd) };
}

const { CompareTarget, CompareResult } = etcdserverpb.Compare;
const targets = {
  version: CompareTarget.VERSION,
  create: CompareTarget.CREATE,
  mod: CompareTarget.MOD,
  value: CompareTarget.VALUE,
  lease: CompareTarget.LEASE,
} as const;
const signs = {
  '=': CompareResult.EQUAL,
  '>': CompareResult.GREATER,
  '<': CompareResult.LESS,
  '!=': CompareResult.NOT_EQUAL,
} as const;

function compareMessage({ key, target, sign, operand }: Compare): etcdserverpb.Compare.$Properties {
  const common = { key: bytesOf(key), target: targets[target], result: signs[sign] };
  switch (target) {
    case 'value':
      return { ...common, value: bytesOf(operand) };
    case 'version':
      return { ...common, version: int64(operand) };
    case 'create':
      return { ...common, createRevision: int64(operand) };
    case 'mod':
      return { ...common, modRevision: int64(operand) };
    case 'lease':
      return { ...common, lease: int64(operand) };
  }
}

function operationMessage(
  operation: RangeRequest | PutRequest | DeleteRequest,
): etcdserverpb.RequestOp.$Properties {
  switch (operation.type) {
    case 'range':
      return { requestRange: rangeMessage(operation) };
    case 'put':
      return { requestPut: putMessage(operation) };
    case 'delete':
      return { requestDeleteRange: deleteMessage(operation) };
  }
}

function txnMessage(txn: TxnRequest): etcdserverpb.TxnRequest.$Properties {
  return {
    compare: txn.compare.map(compareMessage),
    success: txn.success.map(operationMessage),
    failure: txn.failure.map(operationMessage),
  };
}

function rangeResponse(answer: etcdserverpb.RangeResponse.$Properties): Extract<Response, { type: 'range' }> {
  return {
    type: 'range',
    revision: revisionOf(answer),
    kvs: (answer.kvs ?? []).map(kvOf),
    count: Number(answer.count ?? 0),
    more: answer.more ?? false,
  };
}

function deleteResponse(answer: etcdserverpb.DeleteRangeResponse.$Properties): Response {
  return { type: 'delete', revision: revisionOf(answer), deleted: Number(answer.deleted ?? 0) };
}

function txnResponse(answer: etcdserverpb.TxnResponse.$Properties): Response {
  return {
    type: 'txn',
    revision: revisionOf(answer),
    succeeded: answer.succeeded ?? false,
    responses: (answer.responses ?? []).map((each): Response => {
      if (each.responseRange) return rangeResponse(each.responseRange);
      if (each.responseDeleteRange) return deleteResponse(each.responseDeleteRange);
      return { type: 'put', revision: revisionOf(each.responsePut ?? {}) };
    }),
  };
}

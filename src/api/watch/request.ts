import { etcdserverpb } from '../../gen/protos.js';
import type { WatchRequest } from '../../member/index.js';
import { toBigint, toKey, toNumber, toRangeEnd } from '../convert.js';

export interface CreateRequest {
  /** 0n: choose one. */
  readonly watchId: bigint;
  readonly wanted: WatchRequest;
  readonly progressNotify: boolean;
  readonly fragment: boolean;
  /** No key can be in it. */
  readonly isEmpty: boolean;
}

const { FilterType } = etcdserverpb.WatchCreateRequest;

export function toCreateRequest(message: etcdserverpb.WatchCreateRequest.$Properties): CreateRequest {
  const filters = message.filters ?? [];
  // Without a key it is the smallest one.
  const key = toKey(message.key);
  const rangeEnd = toRangeEnd(message.rangeEnd);
  const wanted = {
    key: key === '' ? '\0' : key,
    rangeEnd,
    startRevision: toNumber(message.startRevision),
    noPut: filters.includes(FilterType.NOPUT),
    noDelete: filters.includes(FilterType.NODELETE),
    prevKv: message.prevKv ?? false,
  };
  return {
    watchId: toBigint(message.watchId),
    wanted,
    progressNotify: message.progressNotify ?? false,
    fragment: message.fragment ?? false,
    isEmpty: rangeEnd !== null && rangeEnd !== '\0' && wanted.key >= rangeEnd,
  };
}

import type { DeleteRangeRequest, PutRequest, RangeRequest } from '../../src/mvcc/index.js';

/** The requests of the API with every option off. */
export function rangeOf(key: string, changes: Partial<RangeRequest> = {}): RangeRequest {
  return {
    type: 'range',
    key,
    rangeEnd: null,
    limit: 0,
    revision: 0,
    sortOrder: 'none',
    sortTarget: 'key',
    serializable: false,
    keysOnly: false,
    countOnly: false,
    minModRevision: 0,
    maxModRevision: 0,
    minCreateRevision: 0,
    maxCreateRevision: 0,
    ...changes,
  };
}

export const everything: RangeRequest = rangeOf('\0', { rangeEnd: '\0' });

export function putOf(key: string, value: string, changes: Partial<PutRequest> = {}): PutRequest {
  const bytes = Buffer.from(value);
  return {
    type: 'put',
    key,
    value: bytes,
    lease: 0n,
    prevKv: false,
    ignoreValue: false,
    ignoreLease: false,
    ...changes,
  };
}

export function deleteOf(key: string, rangeEnd: string | null = null): DeleteRangeRequest {
  return { type: 'delete-range', key, rangeEnd, prevKv: false };
}

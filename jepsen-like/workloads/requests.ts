import type { Compare, DeleteRequest, PutRequest, RangeRequest } from '../history/index.js';

/** Requests as workloads mostly make them. */
export function get(key: string, { serializable = false, rangeEnd = '', revision = 0 } = {}): RangeRequest {
  return { type: 'range', key, rangeEnd, revision, limit: 0, serializable };
}

export function prefixOf(prefix: string): RangeRequest {
  return get(prefix, {
    rangeEnd: `${prefix.slice(0, -1)}${String.fromCharCode(prefix.charCodeAt(prefix.length - 1) + 1)}`,
  });
}

export function put(key: string, value: string, lease = '0'): PutRequest {
  return { type: 'put', key, value, lease };
}

export function del(key: string): DeleteRequest {
  return { type: 'delete', key, rangeEnd: '' };
}

/** The key has not been written since; 0: it is not there. */
export function unchanged(key: string, modRevision: number): Compare {
  return { key, target: 'mod', sign: '=', operand: String(modRevision) };
}

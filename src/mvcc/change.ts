import { emptyBytes, some } from '../base/index.js';
import { endOf, successorOf } from './key-index.js';
import type { KeyIndex, RecordId } from './key-index.js';
import type { View } from './range.js';
import type { Records } from './records.js';
import type {
  DeleteRangeRequest,
  DeleteRangeResponse,
  KeyValue,
  LeaseId,
  PutRequest,
  PutResponse,
  Revision,
} from './types.js';

/** Keys that a deletion gathers at a time. */
const chunkLength = 1_000;

/**
 * The changes of one command: all of them make one revision, the next one, and are counted within it. Requests have
 * been checked: nothing here can be refused half-way.
 */
export interface Change {
  /** The current revision as these changes see it: the one before until there is a change. */
  readonly revision: Revision;
  /** What a read between the changes sees. */
  view(): View;
  put(request: PutRequest): PutResponse;
  deleteRange(request: DeleteRangeRequest): DeleteRangeResponse;
}

export interface ChangeOptions {
  readonly index: KeyIndex;
  readonly records: Records;
  readonly revision: Revision;
  readonly compactRevision: Revision;
}

export function beginChange({ index, records, revision, compactRevision }: ChangeOptions): Change {
  const main = revision + 1;
  let changes = 0;

  const current = (): Revision => (changes === 0 ? revision : main);
  const nextId = (): RecordId => ({ main, sub: changes++ });

  return {
    get revision() {
      return current();
    },
    view: () => ({ index, records, revision: current(), isLatest: () => true, compactRevision }),

    put(request) {
      const { key } = request;
      const previous = request.prevKv || request.ignoreValue ? readAlive(index, records, key) : null;
      const { value, lease } = contentOf(request, previous, index);
      const id = nextId();
      const { createRevision, version } = index.put(key, id, lease);
      records.put({ ...id, key, createRevision, version, value, lease });
      return { type: 'put', revision: main, previous: request.prevKv ? previous : null };
    },

    deleteRange(request) {
      const previous: KeyValue[] = [];
      let deleted = 0;
      let from = request.key;
      const end = endOf(request);
      while (end === null || from < end) {
        const { keys } = index.aliveChunk(from, request, chunkLength);
        for (const key of keys) {
          if (request.prevKv) previous.push(some(readAlive(index, records, key), 'the key is alive'));
          const id = nextId();
          index.remove(key, id);
          records.putTombstone(id, key);
        }
        deleted += keys.length;
        const last = keys.at(-1);
        if (last === undefined || keys.length < chunkLength) break;
        from = successorOf(last);
      }
      return { type: 'delete-range', revision: current(), deleted, previous };
    },
  };
}

function readAlive(index: KeyIndex, records: Records, key: string): KeyValue | null {
  const entry = index.alive(key);
  return entry === undefined ? null : records.read(entry, key);
}

/**
 * What is written. A transaction can delete the key that it keeps the value of before it puts it, as the check for
 * overlaps has gaps (overlap.ts): then there is nothing to keep, and the value is empty and without a lease.
 */
function contentOf(
  request: PutRequest,
  previous: KeyValue | null,
  index: KeyIndex,
): { readonly value: Uint8Array; readonly lease: LeaseId } {
  const value = request.ignoreValue ? (previous?.value ?? emptyBytes) : request.value;
  const lease = request.ignoreLease ? (index.alive(request.key)?.lease ?? 0n) : request.lease;
  return { value, lease };
}

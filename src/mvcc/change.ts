import { emptyBytes, some } from '../base/index.js';
import type { Key } from '../base/index.js';
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
 * been checked: nothing here can be refused half-way. A class for speed: each command makes one.
 */
export class Change implements View {
  readonly index: KeyIndex;
  readonly records: Records;
  readonly compactRevision: Revision;
  readonly #before: Revision;
  #count = 0;

  constructor(state: ChangeableState) {
    this.index = state.index;
    this.records = state.records;
    this.compactRevision = state.compactRevision;
    this.#before = state.revision;
  }

  /** The current revision as these changes see it: the one before until there is a change. */
  get revision(): Revision {
    return this.#count === 0 ? this.#before : this.#before + 1;
  }

  /** What a read between the changes sees is always the latest. */
  isLatest(): boolean {
    return true;
  }

  put(request: PutRequest): PutResponse {
    const { index, records } = this;
    const { key } = request;
    const previous = request.prevKv || request.ignoreValue ? readAlive(index, records, key) : null;
    const value = request.ignoreValue ? keptValue(previous) : request.value;
    const lease = request.ignoreLease ? keptLease(index, key) : request.lease;
    const id = this.#nextId();
    const { createRevision, version } = index.put(key, id, lease);
    records.put({ key, createRevision, modRevision: id.main, version, value, lease }, id.sub);
    return { type: 'put', revision: id.main, previous: request.prevKv ? previous : null };
  }

  deleteRange(request: DeleteRangeRequest): DeleteRangeResponse {
    const { index, records } = this;
    const previous: KeyValue[] = [];
    let deleted = 0;
    const end = endOf(request);
    for (let from = request.key; end === null || from < end;) {
      const { keys } = index.aliveChunk(from, request, chunkLength);
      for (const key of keys) {
        if (request.prevKv) previous.push(some(readAlive(index, records, key), 'the key is alive'));
        this.delete(key);
      }
      deleted += keys.length;
      const last = keys.at(-1);
      if (last === undefined || keys.length < chunkLength) break;
      from = successorOf(last);
    }
    return { type: 'delete-range', revision: this.revision, deleted, previous };
  }

  /** The key must be alive. */
  delete(key: Key): void {
    const id = this.#nextId();
    this.index.remove(key, id);
    this.records.putTombstone(id, key);
  }

  #nextId(): RecordId {
    return { main: this.#before + 1, sub: this.#count++ };
  }
}

export interface ChangeableState {
  readonly index: KeyIndex;
  readonly records: Records;
  readonly revision: Revision;
  readonly compactRevision: Revision;
}

function readAlive(index: KeyIndex, records: Records, key: Key): KeyValue | null {
  const entry = index.alive(key);
  return entry === undefined ? null : records.read(entry, key);
}

/*
 * A transaction can delete the key that it keeps the value of before it puts it, as the check for overlaps has gaps
 * (overlap.ts): then there is nothing to keep, and the value is empty and without a lease.
 */
function keptValue(previous: KeyValue | null): Uint8Array {
  return previous?.value ?? emptyBytes;
}

function keptLease(index: KeyIndex, key: Key): LeaseId {
  return index.alive(key)?.lease ?? 0n;
}

import type { OrderedStore } from '../storage/index.js';
import type { RecordId } from './key-index.js';
import { parseRecordKey, recordKeyOf } from './record-key.js';
import { damaged, decodeRecord } from './records.js';
import type { RecordedChange, Records } from './records.js';
import { unseal } from './seal.js';
import type { KeyChange, Revision, RevisionChanges } from './types.js';

/** What a change costs in memory beside its bytes. */
const overheadSizeBytes = 200;

/** The changes of the state machine in their order: as they happen, and again from the records. */
export interface History {
  /** What happened since the last call. Nothing while nobody records. */
  take(): readonly RevisionChanges[];
  record(wanted: boolean): void;
  /**
   * Whole revisions from `from` to `last`, oldest first, until about `sizeBytesMax` is gathered. The caller keeps
   * compaction away (pins.ts). Nothing above `last`, though more may happen meanwhile. Errors: `storage-corrupt`, also where a record
   * above `compactRevision` is missing.
   */
  read(
    range: HistoryRange,
  ): Promise<{ readonly revisions: readonly RevisionChanges[]; readonly next: Revision }>;
}

export interface HistoryRange {
  readonly from: Revision;
  readonly last: Revision;
  readonly compactRevision: Revision;
  readonly sizeBytesMax: number;
}

interface Gathered {
  readonly revision: Revision;
  readonly changes: KeyChange[];
}

export function createHistory(store: OrderedStore, records: Records): History {
  let recorded: Gathered[] = [];

  function add(revision: Revision, change: KeyChange): void {
    append(recorded, revision, change);
  }

  return {
    take() {
      if (recorded.length === 0) return recorded;
      const taken = recorded;
      recorded = [];
      return taken;
    },
    record(wanted) {
      records.listen(wanted ? add : null);
      if (!wanted) recorded = [];
    },
    async read({ from, last, compactRevision, sizeBytesMax }) {
      // First what is in memory: all below it is in the store, and stays there while this reads.
      const unflushed = records.unflushedSince(from);
      const storedEnd = unflushed[0]?.revision ?? last + 1;
      const gathering = createGathering(sizeBytesMax);
      const sequence = createSequence(Math.max(from, compactRevision + 1, firstRevision));
      const stored = store.entries({
        gte: recordKeyOf({ main: from, sub: 0 }, false),
        lt: recordKeyOf({ main: storedEnd, sub: 0 }, false),
      });
      for await (const [key, bytes] of stored) {
        const id = parseRecordKey(key);
        sequence.take(id);
        const kv = decodeRecord(unseal(key, bytes), id);
        const change: KeyChange = id.tombstone
          ? { type: 'delete', kv: { ...kv, modRevision: id.main } }
          : { type: 'put', kv };
        const sizeBytes = bytes.length + overheadSizeBytes;
        if (!gathering.add({ revision: id.main, change, sizeBytes })) return gathering.cut(id.main);
      }
      sequence.end(storedEnd);
      for (const each of unflushed) {
        if (each.revision > last) break;
        if (!gathering.add(each)) return gathering.cut(each.revision);
      }
      return gathering.cut(last + 1);
    },
  };
}

/** Of the first change ever: 1 is that of the empty store. */
const firstRevision = 2;

/** Every revision holds a change, and counts its changes from 0: a disk that has lost one is found out. */
function createSequence(first: Revision): { take(id: RecordId): void; end(next: Revision): void } {
  let main = first;
  /** The next; with 0 the next revision may not begin. */
  let sub = 0;
  return {
    take(id) {
      if (id.main < first) return; // Compaction may have left only some of its changes.
      const isNext = id.main === main && id.sub === sub;
      if (!isNext && !(sub > 0 && id.main === main + 1 && id.sub === 0))
        throw damaged({ main, sub }, 'is missing');
      main = id.main;
      sub = id.sub + 1;
    },
    end(next) {
      if (first < next && (main !== next - 1 || sub === 0)) throw damaged({ main, sub }, 'is missing');
    },
  };
}

interface Gathering {
  /** False: full, at the border between two revisions; the change is not taken. */
  add(recorded: RecordedChange): boolean;
  cut(next: Revision): { readonly revisions: readonly RevisionChanges[]; readonly next: Revision };
}

function createGathering(sizeBytesMax: number): Gathering {
  const revisions: Gathered[] = [];
  let sizeBytes = 0;
  return {
    add(recorded) {
      const isNew = revisions.at(-1)?.revision !== recorded.revision;
      if (isNew && sizeBytes >= sizeBytesMax) return false;
      append(revisions, recorded.revision, recorded.change);
      sizeBytes += recorded.sizeBytes;
      return true;
    },
    cut: (next) => ({ revisions, next }),
  };
}

function append(revisions: Gathered[], revision: Revision, change: KeyChange): void {
  const last = revisions.at(-1);
  if (last?.revision === revision) last.changes.push(change);
  else revisions.push({ revision, changes: [change] });
}

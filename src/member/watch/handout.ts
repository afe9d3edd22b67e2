import type { KeyValue, Revision, RevisionChanges, StateMachine } from '../../mvcc/index.js';
import type { WatchEvent } from '../types.js';
import type { WatchGroup, WatchGroups } from './groups.js';

/**
 * Goes through changes and gathers for each group what it watches; then each group's batch is complete, and whole
 * revisions of it. The previous value is read once for each change, however many want it.
 */
export function gatherBatches(
  machine: StateMachine,
  groups: WatchGroups,
  revisions: readonly RevisionChanges[],
): readonly WatchGroup[] {
  const touched: WatchGroup[] = [];
  for (const { revision, changes } of revisions) {
    for (const change of changes) {
      const { type, kv } = change;
      let plain: WatchEvent | null = null;
      let withPrevious: WatchEvent | null = null;
      groups.forKey(kv.key, (group) => {
        const { noPut, noDelete, prevKv } = group.wanted;
        if (type === 'put' ? noPut : noDelete) return;
        let event: WatchEvent;
        if (prevKv) event = withPrevious ??= { type, kv, previous: valueBefore(machine, kv, revision) };
        else event = plain ??= { type, kv, previous: null };
        if (group.batch === null) {
          group.batch = [];
          touched.push(group);
        }
        group.batch.push(event);
      });
    }
  }
  return touched;
}

/** A key that came into being has none, in etcd not even when the same revision deleted it before. */
function valueBefore(machine: StateMachine, kv: KeyValue, revision: Revision): KeyValue | null {
  return kv.createRevision === kv.modRevision ? null : machine.valueBefore(kv.key, revision);
}

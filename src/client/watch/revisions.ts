import type { etcdserverpb } from '../../gen/protos.js';
import type { Keyspace } from '../keyspace.js';
import { eventOf } from './events.js';
import type { ChangeEvent, WatchBatch } from './events.js';

/** Puts a watch's responses together, or apart, into whole revisions. */
export interface RevisionAssembler {
  /** The revisions that are complete with this response, in order. */
  take(response: etcdserverpb.WatchResponse.$Properties): readonly WatchBatch[];
  /** Forgets a revision of which only a part came. */
  reset(): void;
}

/**
 * A response may hold many revisions, and, as the watch asks for fragments, a large one may be cut anywhere: its last
 * revision is complete only when a response comes that is no fragment.
 */
export function createRevisionAssembler(keyspace: Keyspace): RevisionAssembler {
  let held: ChangeEvent[] = [];
  return {
    take(response) {
      const complete: WatchBatch[] = [];
      for (const wire of response.events ?? []) {
        const event = eventOf(wire, keyspace);
        const [first] = held;
        if (first !== undefined && first.revision !== event.revision) {
          complete.push({ revision: first.revision, events: held });
          held = [];
        }
        held.push(event);
      }
      const [first] = held;
      if (first !== undefined && response.fragment !== true) {
        complete.push({ revision: first.revision, events: held });
        held = [];
      }
      return complete;
    },
    reset() {
      held = [];
    },
  };
}

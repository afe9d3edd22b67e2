import { QuorateError } from '../base/index.js';
import type { Member } from '../member/index.js';

/** Cuts the streams of clients that insist on a leader, once there has been none for a while. */
export interface LeaderlessStreams {
  /** Calls `cut` then. The function that it answers ends that. */
  add(cut: (reason: QuorateError) => void): () => void;
}

/** As etcd: a stream that must be opened anew costs more than a refused request, so it is cut later than those are. */
const looksBeforeCut = 3;

/** `electionTimeoutMs`: the time between two looks; at the third in a row without a leader the streams are cut. */
export function createLeaderlessStreams(member: Member, electionTimeoutMs: number): LeaderlessStreams {
  const cuts = new Set<(reason: QuorateError) => void>();
  let timer: NodeJS.Timeout | null = null;
  let looks = 0;

  function look(): void {
    looks = member.leader === null ? looks + 1 : 0;
    if (looks < looksBeforeCut) return;
    for (const cut of [...cuts]) {
      remove(cut);
      cut(new QuorateError('no-leader'));
    }
  }

  function remove(cut: (reason: QuorateError) => void): void {
    cuts.delete(cut);
    if (cuts.size > 0 || timer === null) return;
    clearInterval(timer);
    timer = null;
  }

  return {
    add(cut) {
      cuts.add(cut);
      if (timer === null) {
        looks = 0;
        timer = setInterval(look, electionTimeoutMs);
      }
      return () => remove(cut);
    },
  };
}

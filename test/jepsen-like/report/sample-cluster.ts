import type { FaultNote, MemberNote } from '../../../jepsen-like/history/index.js';
import type { Random } from '../../../src/base/index.js';

/** A made-up cluster that something is done to every few seconds: who led when, and what a client felt of it. */
export interface SampleCluster {
  readonly faults: readonly FaultNote[];
  readonly notes: readonly MemberNote[];
  readonly members: readonly string[];
  /** Until when nobody led at that time; null: somebody did. */
  leaderlessUntil(us: number): number | null;
  /** How many times slower than usual. */
  slowness(us: number): number;
}

interface Reign {
  readonly fromUs: number;
  readonly leader: number;
  readonly term: number;
}

const second = 1_000_000;
const everyUs = 9 * second;

export function sampleCluster(random: Random, durationUs: number): SampleCluster {
  const members = ['m1', 'm2', 'm3', 'm4', 'm5'];
  const faults: FaultNote[] = [];
  const notes: MemberNote[] = [];
  const gaps: { readonly fromUs: number; readonly toUs: number }[] = [];
  const slow: { readonly fromUs: number; readonly toUs: number; readonly times: number }[] = [];
  const reigns: Reign[] = [{ fromUs: 0.6 * second, leader: 0, term: 2 }];
  const down = new Map<number, { readonly fromUs: number; readonly toUs: number }[]>();
  const lastReign = (): Reign => reigns.at(-1) ?? { fromUs: 0, leader: 0, term: 1 };

  function fault(kind: string, text: string, atUs: number, forUs: number | null): void {
    faults.push({ kind, text, atUs, endUs: forUs === null ? null : atUs + forUs });
  }

  function loseLeader(atUs: number): void {
    const { leader, term } = lastReign();
    const gap = 800_000 + random.below(900_000);
    gaps.push({ fromUs: atUs, toUs: atUs + gap });
    const rounds = 1 + random.below(2);
    const next = (leader + 1 + random.below(members.length - 1)) % members.length;
    reigns.push({ fromUs: atUs + gap, leader: next, term: term + rounds });
  }

  for (let at = everyUs; at < durationUs - everyUs; at += everyUs + random.below(2 * second)) {
    const { leader } = lastReign();
    const name = members[leader] ?? '';
    const other = members[(leader + 2) % members.length] ?? '';
    const length = 2 * second + random.below(3 * second);
    switch (random.below(6)) {
      case 0:
        fault('kill', `${name} killed`, at, length);
        down.set(leader, [...(down.get(leader) ?? []), { fromUs: at, toUs: at + length }]);
        loseLeader(at);
        break;
      case 1:
        fault('isolate', `${name} cut off (both)`, at, length);
        loseLeader(at + 400_000);
        break;
      case 2:
        fault('slow-disk', `disk of ${name} 20 times slower`, at, length);
        slow.push({ fromUs: at, toUs: at + length, times: 6 });
        break;
      case 3:
        fault('bad-network', 'bad network: 50 ‰ lost, up to 40 ms', at, length);
        slow.push({ fromUs: at, toUs: at + length, times: 3 });
        fault('cut', `${name} ↛ ${other}`, at + length / 3, length);
        break;
      case 4:
        fault('wall-clock', `clock of ${other} jumps by 86400000 ms`, at, null);
        break;
      default:
        fault('power-cut-all', 'power cut of all', at, length / 2);
        for (let member = 0; member < members.length; member++)
          down.set(member, [...(down.get(member) ?? []), { fromUs: at, toUs: at + length / 2 }]);
        gaps.push({ fromUs: at, toUs: at + length / 2 });
        loseLeader(at + length / 2);
    }
  }
  members.forEach((member, place) => notes.push(...notesOf(member, place)));

  function notesOf(member: string, place: number): MemberNote[] {
    const own: MemberNote[] = [];
    const stepUs = durationUs / 1500;
    let commitIndex = 0;
    for (let at = 0; at < durationUs; at += stepUs) {
      const isDown = (down.get(place) ?? []).some(({ fromUs, toUs }) => at >= fromUs && at < toUs);
      const isStuck = gaps.some(({ fromUs, toUs }) => at >= fromUs && at < toUs);
      const reign = reigns.findLast(({ fromUs }) => fromUs <= at);
      if (!isDown && !isStuck) commitIndex = Math.floor(at / 1100);
      const isNext = reigns.some(
        (each) => each.fromUs > at && each.fromUs - at < 250_000 && each.leader === place,
      );
      const role = isDown
        ? 'down'
        : isNext
          ? 'candidate'
          : reign?.leader === place && !isStuck
            ? 'leader'
            : place === 4 && at < durationUs / 10
              ? 'learner'
              : 'follower';
      own.push({ atUs: at, member, role, term: reign?.term ?? 1, commitIndex });
    }
    return own;
  }

  return {
    faults,
    notes,
    members,
    leaderlessUntil: (us) => gaps.find(({ fromUs, toUs }) => us >= fromUs && us < toUs)?.toUs ?? null,
    slowness: (us) => slow.find(({ fromUs, toUs }) => us >= fromUs && us < toUs)?.times ?? 1,
  };
}

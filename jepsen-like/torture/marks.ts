import type { Logger } from '../../src/base/index.js';
import type { History } from '../history/index.js';

/**
 * Rare states that a run may reach, by name. A fuzzer that cannot reach a situation proves nothing about it (TigerBeetle's Jepsen
 * report, 2025): a long campaign that never reaches one of `expectedMarks` fails.
 */
export interface Marks {
  /** What members log is what they went through. */
  readonly logger: Logger;
  /** What the clients went through. */
  look(history: History): void;
  readonly counts: ReadonlyMap<string, number>;
}

export const expectedMarks: readonly string[] = [
  'installed a snapshot',
  'leader changed',
  'five terms or more',
  'unknown outcome',
  'refused',
  'watch broken',
  'watch of a compacted revision',
  'progress of a watch',
  'lease gone',
  'cas lost',
];

export function createMarks(): Marks {
  const counts = new Map<string, number>();
  const mark = (name: string, times = 1): void => {
    if (times > 0) counts.set(name, (counts.get(name) ?? 0) + times);
  };
  const said = (message: string): void => mark(message);
  return {
    logger: { debug: () => undefined, info: said, warn: said, error: said },
    look({ operations, calls, watches, members }) {
      const leaders = members.filter(({ role }) => role === 'leader');
      mark('leader changed', Math.max(0, new Set(leaders.map(({ term }) => term)).size - 1));
      mark('five terms or more', leaders.some(({ term }) => term >= 5) ? 1 : 0);
      for (const { outcome, request } of calls) {
        if (outcome.type === 'unknown') mark('unknown outcome');
        else if (outcome.type === 'failed') mark('refused');
        else if (request.type === 'lease-keep-alive' && outcome.value.type === 'lease-keep-alive')
          mark('lease gone', outcome.value.ttlSeconds <= 0 ? 1 : 0);
      }
      for (const { entries } of watches) {
        for (const entry of entries) {
          if (entry.type === 'ended') mark('watch broken');
          else if (entry.type === 'compacted') mark('watch of a compacted revision');
          else if (entry.type === 'progress') mark('progress of a watch');
        }
      }
      for (const operation of operations) {
        if (operation.kind === 'cas' && operation.outcome.type === 'ok' && !operation.outcome.value.swapped)
          mark('cas lost');
      }
    },
    counts,
  };
}

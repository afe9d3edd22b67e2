import type { Random } from '../../../src/base/index.js';
import { pick, pickOdd } from './choice.js';
import type { Deed } from './deeds.js';
import { prefix } from './kv-deeds.js';
import type { Run } from './run.js';
import type { StreamPair, WatchPlan } from './watches.js';

const streamsMax = 4;
const watchesMax = 12;

export const watchDeeds: readonly Deed[] = [
  { weight: 6, perform: create },
  { weight: 2, perform: cancel },
  { weight: 1, perform: progress },
  { weight: 1, perform: end },
  { weight: 1, perform: (run) => run.watches.settle() },
];

const keys = ['a', 'b', 'c', 'd', 'ab', 'aa'].map((key) => `${prefix}${key}`);
const oddKeys = ['', '\0', `${prefix}a\0`, `${prefix}\u00ff`];

function rangeOf(random: Random): Pick<WatchPlan, 'key' | 'rangeEnd'> {
  const key = pickOdd(random, keys, oddKeys);
  switch (random.below(6)) {
    case 0:
    case 1:
      return { key, rangeEnd: '' };
    case 2:
      return { key: prefix, rangeEnd: 'k0' };
    case 3:
      return { key, rangeEnd: '\0' };
    case 4:
      return { key: `${prefix}a`, rangeEnd: `${prefix}b` };
    default:
      return { key, rangeEnd: pickOdd(random, keys, oddKeys) };
  }
}

function startRevisionOf({ model }: Run, random: Random): number {
  switch (random.below(8)) {
    case 0:
      return Math.max(1, model.compactRevision + pick(random, [-2, -1, 1]));
    case 1:
      return model.revision + 1 + random.below(6);
    case 2:
    case 3:
      return Math.max(
        1,
        model.revision - random.below(Math.max(1, Math.min(20, model.revision - model.compactRevision - 1))),
      );
    case 4:
      return 1; // None below 0: such a watch has etcd 3.4 forget events of those that begin with it.
    default:
      return 0;
  }
}

/** Not the compacted one itself: of its deletions etcd 3.4 tells nothing, though it may be asked for. */
function startRevisionFor(run: Run, random: Random): number {
  const drawn = startRevisionOf(run, random);
  return drawn === run.model.compactRevision ? 0 : drawn;
}

async function create(run: Run, random: Random): Promise<void> {
  const pair = streamFor(run, random);
  if (pair.running.size >= watchesMax) return;
  // What it is told at first must be the same: nothing may be on its way.
  await run.watches.settle();
  await run.watches.create(pair, {
    ...rangeOf(random),
    startRevision: startRevisionFor(run, random),
    filters: random.chance(0.3)
      ? pick(random, [['NOPUT'], ['NODELETE'], ['NOPUT', 'NODELETE']] as const)
      : [],
    prevKv: random.chance(0.5),
    progressNotify: random.chance(0.2),
    fragment: random.chance(0.2),
    watchId: idOf(run, pair, random),
  });
}

/** One that runs already, or one that was never used: etcd 3.4 keeps ids of watches that compaction has ended. */
function idOf(run: Run, pair: StreamPair, random: Random): string {
  if (random.chance(0.8)) return '0';
  const running = [...pair.running.keys()];
  if (running.length > 0 && random.chance(0.3)) return pick(random, running);
  const fresh = 1_000_000 + run.requestCount;
  return pick(random, [String(fresh), String(-fresh), String(9_007_199_254_740_993n + BigInt(fresh))]);
}

function streamFor(run: Run, random: Random): StreamPair {
  const { streams } = run.watches;
  if (streams.length === 0 || (streams.length < streamsMax && random.chance(0.2))) {
    return run.watches.open(run.model.identity);
  }
  return pick(random, streams);
}

function anyStream(run: Run, random: Random): StreamPair | null {
  return run.watches.streams.length === 0 ? null : pick(random, run.watches.streams);
}

async function cancel(run: Run, random: Random): Promise<void> {
  const pair = anyStream(run, random);
  if (pair === null) return;
  const running = [...pair.running.keys()];
  const id =
    running.length > 0 && random.chance(0.85) ? pick(random, running) : pick(random, ['99', '-1', '-5']);
  await run.watches.cancel(pair, id);
}

async function progress(run: Run, random: Random): Promise<void> {
  const pair = anyStream(run, random);
  if (pair !== null) await run.watches.progress(pair);
}

async function end(run: Run, random: Random): Promise<void> {
  const pair = anyStream(run, random);
  if (pair !== null && random.chance(0.4)) await run.watches.end(pair);
}

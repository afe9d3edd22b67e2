import { describe, expect, test } from 'vitest';
import type { Member } from '../../src/member/index.js';
import { defaultLimits } from '../../src/member/index.js';
import { put, range, remove } from '../mvcc/requests.js';
import { createWorld } from './world.js';
import type { World } from './world.js';

/**
 * Crash consistency: the same scripted run is cut off at every single disk write, by the end of the process and by the
 * end of the power. Whatever restarts must be a state that the log explains: a prefix of the run that holds everything
 * that was acknowledged.
 */

/** One step of the script; each makes exactly one revision, or none. */
type Step = (member: Member) => Promise<unknown>;

const script: readonly Step[] = [
  (member) => member.put(put('a', '1')),
  (member) => member.put(put('b', '1')),
  (member) => member.put(put('a', '2')),
  (member) => member.deleteRange(remove('b')),
  (member) =>
    member.txn({
      type: 'txn',
      compare: [{ key: 'a', rangeEnd: null, result: 'equal', target: { type: 'version', version: 2 } }],
      success: [put('c', 'x'), put('d', 'y'), remove('a')],
      failure: [],
    }),
  (member) => member.compact({ type: 'compact', revision: 4, physical: true }),
  (member) => member.put(put('a', 'again')),
  ...Array.from(
    { length: 12 },
    (_, index): Step =>
      (member) =>
        member.put(put(`k${index % 4}`, `v${index}`)),
  ),
  (member) => member.deleteRange(remove('k', { rangeEnd: 'l' })),
  (member) => member.compact({ type: 'compact', revision: 15, physical: true }),
  (member) => member.put(put('z', 'last')),
];

/** Short, so that the log is cut in the middle of the run, and the state flushed often. */
const config = {
  snapshotCount: 3,
  limits: { ...defaultLimits, catchUpEntries: 2, flushIntervalMs: 2, applyBatchEntries: 2 },
};

interface Expectation {
  /** What each revision looked like in a run without a crash, as text. */
  readonly states: ReadonlyMap<number, string>;
  readonly writes: number;
}

async function stateOf(world: World, member: Member): Promise<{ revision: number; text: string }> {
  const { kvs, revision } = await world.settle(member.range(range('\0', { rangeEnd: '\0' })));
  const lines = kvs.map(
    (kv) =>
      `${kv.key}=${Buffer.from(kv.value).toString()} ${kv.createRevision}/${kv.modRevision}/${kv.version}`,
  );
  return { revision, text: lines.join('\n') };
}

/** The run without a crash: which states there are, and how many writes to cut it off at. */
async function rehearse(): Promise<Expectation> {
  let writes = 0;
  const world = createWorld({ members: 1, config, onWrite: () => (writes += 1) });
  const member = await world.start('m1');
  const states = new Map<number, string>();
  const remember = async (): Promise<void> => {
    const { revision, text } = await stateOf(world, member);
    states.set(revision, text);
  };
  await remember();
  for (const step of script) {
    await world.settle(step(member));
    await remember();
  }
  await world.settle(member.close());
  return { states, writes };
}

/** Runs the script until the `crashAt`-th write; answers the last acknowledged revision. */
async function runUntilCrash(
  crashAt: number,
  end: 'kill' | 'powerCut',
  seed: number,
): Promise<[World, number]> {
  let writes = 0;
  let over = false;
  const world: World = createWorld({
    members: 1,
    config,
    seed,
    onWrite(name) {
      writes += 1;
      if (writes !== crashAt || over) return;
      over = true;
      world[end](name);
    },
  });
  let acknowledged = 1;
  const starting = world.start('m1').then(async (member) => {
    for (const step of script) {
      await step(member);
      acknowledged = member.header().revision;
    }
    await member.close();
    over = true; // With another seed the run may need fewer writes.
  });
  starting.catch(() => undefined); // Cut off in the middle of its start.
  await world.run(() => over);
  return [world, acknowledged];
}

describe('a member cut off at any write', () => {
  test.each(['kill', 'powerCut'] as const)('restarts into a state that the log explains: %s', async (end) => {
    const { states, writes } = await rehearse();
    expect(writes).toBeGreaterThan(30);
    for (let crashAt = 1; crashAt <= writes; crashAt++) {
      for (const seed of [1, 2]) {
        const [world, acknowledged] = await runUntilCrash(crashAt, end, seed);
        const member = await world.start('m1');
        const { revision, text } = await stateOf(world, member);
        const where = `${end} at write ${crashAt}, seed ${seed}, acknowledged up to revision ${acknowledged}`;
        expect(revision, where).toBeGreaterThanOrEqual(acknowledged);
        expect(text, where).toBe(states.get(revision));
        const after = await world.settle(member.put(put('alive', 'yes')));
        expect(after.revision, where).toBe(revision + 1);
        await world.settle(member.close());
      }
    }
  });
});

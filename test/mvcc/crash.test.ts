import fc from 'fast-check';
import { expect, it } from 'vitest';
import { seededRandom } from '../../src/base/index.js';
import { openStateMachine, validateTxn } from '../../src/mvcc/index.js';
import type { Command, StateMachine } from '../../src/mvcc/index.js';
import { createMemoryDisk } from '../../src/storage/index.js';
import type { MemoryDisk } from '../../src/storage/index.js';
import { genesis, plain, trusted, turn } from './harness.js';
import {
  anyAlarm,
  anyCheckpoint,
  anyCompact,
  anyGrant,
  anyPut,
  anyRemove,
  anyRevoke,
  anyWritingTxn,
  range,
} from './requests.js';

const anyCommand: fc.Arbitrary<Command> = fc.oneof(
  { weight: 5, arbitrary: anyPut },
  { weight: 2, arbitrary: anyRemove },
  { weight: 2, arbitrary: anyWritingTxn.filter((txn) => validateTxn(txn) === null) },
  { weight: 2, arbitrary: anyCompact },
  { weight: 2, arbitrary: fc.oneof(anyGrant, anyRevoke, anyCheckpoint) },
  { weight: 1, arbitrary: anyAlarm },
);

async function open(disk: MemoryDisk): Promise<StateMachine> {
  return openStateMachine(await disk.open('state'), { cacheSizeBytesMax: 500, yieldToLoop: turn, genesis });
}

/** Applies the log from the applied index on, with a flush every few entries. */
async function run(machine: StateMachine, log: readonly Command[]): Promise<void> {
  for (let index = machine.applied.index; index < log.length; index++) {
    machine.apply({ term: 1, index: index + 1 }, trusted(log[index] ?? null));
    if (index % 3 === 2) await machine.flush();
    if (index % 9 === 8) await machine.compacted(machine.compactRevision);
  }
  await machine.flush();
  await machine.compacted(machine.compactRevision);
}

/** All that a client can see. */
async function observe(machine: StateMachine): Promise<unknown> {
  const history = [];
  for (let revision = Math.max(1, machine.compactRevision); revision <= machine.revision; revision++) {
    history.push(await machine.range(range('', { key: '\0', rangeEnd: '\0', revision })));
  }
  const { applied, revision, compactRevision, keyCount, membership, alarms } = machine;
  const hash = await machine.hashKv(0);
  const leases = machine.leases.list().map((lease) => [lease, machine.leases.keysOf(lease.id)]);
  return plain({ history, hash, applied, revision, compactRevision, keyCount, membership, alarms, leases });
}

/**
 * The member dies at every write of a run in turn, as a process or with the system's power; the write that was on its
 * way has happened or not. What it finds again is the state at some applied index, from which the log leads to the same
 * state as without the crash.
 */
it('restarts from a crash at any write into a state that the log explains', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(anyCommand, { minLength: 10, maxLength: 40, size: 'max' }),
      fc.boolean(),
      fc.nat(),
      async (log, power, seed) => {
        const whole = createMemoryDisk();
        const machine = await open(whole);
        await run(machine, log);
        const expected = await observe(machine);
        const writes = whole.writeCount('state');
        for (let deadly = 1; deadly <= writes; deadly++) {
          const disk = await crashedAt(deadly, log, power, seed);
          const again = await open(disk);
          await run(again, log);
          expect(await observe(again)).toEqual(expected);
          expect(disk.dump('state').map(([key]) => key)).toEqual(whole.dump('state').map(([key]) => key));
        }
      },
    ),
    { numRuns: 25 },
  );
});

async function crashedAt(
  deadly: number,
  log: readonly Command[],
  power: boolean,
  seed: number,
): Promise<MemoryDisk> {
  let reach: () => void = () => undefined;
  const reached = new Promise<void>((resolve) => (reach = resolve));
  const disk = createMemoryDisk({
    random: seededRandom(seed + deadly),
    schedule: async ({ number }) => {
      if (number !== deadly) return;
      reach();
      await new Promise(() => undefined); // The write never returns to the process that asked for it.
    },
  });
  const running = (async () => run(await open(disk), log))();
  await Promise.race([reached, running]);
  if (power) disk.powerCut();
  else disk.kill();
  return disk;
}

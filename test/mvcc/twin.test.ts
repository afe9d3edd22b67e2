import fc from 'fast-check';
import { expect, it } from 'vitest';
import { decodeProposal, encodeProposal, validateTxn } from '../../src/mvcc/index.js';
import type { Alarm, RangeRequest, StateMachine, TxnRequest } from '../../src/mvcc/index.js';
import { createHarness, plain } from './harness.js';
import {
  anyAlarm,
  anyCheckpoint,
  anyCompact,
  anyGrant,
  anyPut,
  anyRange,
  anyReadingTxn,
  anyRemove,
  anyRevoke,
  anyWritingTxn,
} from './requests.js';
import { Twin } from './twin.js';
import type { TwinCommand } from './twin.js';

type Step =
  | { readonly type: 'command'; readonly command: TwinCommand }
  | { readonly type: 'range'; readonly request: RangeRequest }
  | { readonly type: 'read-txn'; readonly request: TxnRequest }
  | { readonly type: 'flush' | 'restart' | 'wait' | 'election' };

const anyStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .oneof(
        { weight: 4, arbitrary: anyPut },
        { weight: 2, arbitrary: anyRemove },
        {
          weight: 3,
          arbitrary: anyWritingTxn.filter((txn) => validateTxn(txn) === null),
        },
        { weight: 1, arbitrary: anyCompact },
        { weight: 2, arbitrary: anyGrant },
        { weight: 2, arbitrary: anyRevoke },
        {
          weight: 1,
          arbitrary: fc.oneof({ weight: 2, arbitrary: anyCheckpoint }, { weight: 1, arbitrary: anyAlarm }),
        },
      )
      .map((command) => ({ type: 'command' as const, command })),
  },
  { weight: 4, arbitrary: anyRange.map((request) => ({ type: 'range' as const, request })) },
  { weight: 1, arbitrary: anyReadingTxn.map((request) => ({ type: 'read-txn' as const, request })) },
  {
    weight: 1,
    arbitrary: fc.constantFrom('flush', 'restart', 'restart', 'wait', 'election').map((type) => ({ type })),
  },
);

/**
 * Every answer of the state machine equals the naive twin's, and its leases with their keys do, through flushes, restarts that replay what was not
 * flushed, and compactions that run in the background; with a cache and without one.
 */
it('answers as the naive twin does', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(anyStep, { minLength: 1, maxLength: 60, size: 'max' }),
      fc.constantFrom(0, 2_000, 1_000_000),
      async (steps, cacheSizeBytesMax) => {
        const harness = await createHarness({ cacheSizeBytesMax });
        const twin = new Twin();
        for (const step of steps) {
          await take(step, harness, twin);
          compareTables(harness.machine, twin);
        }
        const everything = { key: 'a', rangeEnd: '\0' };
        for (let revision = Math.max(1, twin.compactRevision); revision <= twin.revision; revision++) {
          const request = { ...rangeOfAll, ...everything, revision };
          expect(plain(await harness.machine.range(request))).toEqual(plain(twin.range(request)));
        }
        expect(harness.machine.keyCount).toBe(twin.state(everything, twin.revision).length);
        await harness.close();
      },
    ),
    { numRuns: 700 },
  );
});

const rangeOfAll = {
  type: 'range',
  limit: 0,
  sortOrder: 'none',
  sortTarget: 'key',
  serializable: false,
  keysOnly: false,
  countOnly: false,
  minModRevision: 0,
  maxModRevision: 0,
  minCreateRevision: 0,
  maxCreateRevision: 0,
} as const;

function compareTables({ leases, alarms }: StateMachine, twin: Twin): void {
  expect(leases.list().map((lease) => [lease, leases.keysOf(lease.id)])).toEqual(twin.boundKeys());
  expect(leases.size).toBe(twin.leases.length);
  const nameOf = ({ memberId, alarm }: Alarm): string => `${memberId} ${alarm === 'no-space' ? 1 : 2}`;
  expect(alarms.map(nameOf)).toEqual(twin.alarms.map(nameOf).sort());
}

async function take(
  step: Step,
  harness: Awaited<ReturnType<typeof createHarness>>,
  twin: Twin,
): Promise<void> {
  switch (step.type) {
    case 'command':
      expect(
        plain(
          harness.apply(decodeProposal(encodeProposal({ command: step.command, caller: 'trusted' })).command),
        ),
      ).toEqual(plain(twin.apply(step.command)));
      expect(harness.machine.revision).toBe(twin.revision);
      expect(harness.machine.compactRevision).toBe(twin.compactRevision);
      break;
    case 'range': {
      const expected = plain(twin.range(step.request));
      const now = harness.machine.rangeSync(step.request);
      if (now !== null) expect(plain(now)).toEqual(expected);
      expect(plain(await harness.machine.range(step.request))).toEqual(expected);
      break;
    }
    case 'read-txn':
      expect(plain(await harness.machine.readTxn(step.request))).toEqual(plain(twin.readTxn(step.request)));
      break;
    case 'flush':
      await harness.machine.flush();
      expect(harness.machine.unflushedSizeBytes).toBe(0);
      break;
    case 'restart':
      await harness.restart();
      break;
    case 'election':
      harness.term = ++twin.term;
      break;
    case 'wait':
      await harness.machine.flush();
      if (twin.compactRevision > 0) await harness.machine.compacted(twin.compactRevision);
      break;
  }
}

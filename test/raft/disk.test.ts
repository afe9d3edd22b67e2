import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DiskQueue } from '../../src/raft/disk.js';
import { configurationOf } from './cluster.js';

const configuration = configurationOf(['1']);

/** The log in memory and on disk, entry by entry, each with a name of its own. */
interface Twin {
  memory: string[];
  base: number;
  disk: { readonly base: number; readonly entries: readonly string[] };
  readonly writes: { readonly number: number; readonly base: number; readonly entries: readonly string[] }[];
}

type Operation =
  | { readonly type: 'append'; readonly count: number }
  | { readonly type: 'truncate' | 'snapshot'; readonly back: number }
  | { readonly type: 'take' | 'land' };

const operations: fc.Arbitrary<Operation> = fc.oneof(
  fc.record({ type: fc.constant('append' as const), count: fc.integer({ min: 1, max: 3 }) }),
  fc.record({
    type: fc.constantFrom('truncate' as const, 'snapshot' as const),
    back: fc.integer({ min: 1, max: 5 }),
  }),
  { weight: 2, arbitrary: fc.record({ type: fc.constantFrom('take' as const, 'land' as const) }) },
);

describe('what is durable, while several Readies are on their way', () => {
  test('the ABA of asynchronous appends: what replaced an entry is not durable because the entry was (bug 23)', () => {
    const disk = new DiskQueue(5);
    disk.takeOff({ number: 1, last: 7, ownVoteTerm: 0 });
    disk.truncatedFrom(6);
    disk.takeOff({ number: 2, last: 7, ownVoteTerm: 0 });
    disk.land(1);
    expect(disk.persisted).toBe(5);
    disk.land(2);
    expect(disk.persisted).toBe(7);
  });

  test('a truncation of what is durable already', () => {
    const disk = new DiskQueue(5);
    disk.truncatedFrom(3);
    expect([disk.persisted, disk.handed]).toEqual([2, 2]);
    disk.truncatedFrom(1);
    expect([disk.persisted, disk.handed]).toEqual([0, 0]);
  });

  test('two snapshots in quick succession (bug 28)', () => {
    const disk = new DiskQueue(5);
    disk.restored({ term: 1, index: 20, configuration });
    disk.takeOff({ number: 1, last: 20, ownVoteTerm: 0 });
    disk.restored({ term: 1, index: 30, configuration });
    disk.takeOff({ number: 2, last: 33, ownVoteTerm: 0 });
    expect(disk.land(1).map(({ snapshotIndex }) => snapshotIndex)).toEqual([20]);
    expect(disk.isInstalling).toBe(true);
    expect(disk.persisted).toBeLessThan(30);
    disk.land(2);
    expect([disk.isInstalling, disk.persisted]).toEqual([false, 33]);
  });

  test('one landing covers all Readies up to its number, and a late one changes nothing', () => {
    const disk = new DiskQueue(0);
    for (const number of [1, 2, 3]) disk.takeOff({ number, last: number * 2, ownVoteTerm: number });
    expect(disk.land(2).map(({ ownVoteTerm }) => ownVoteTerm)).toEqual([1, 2]);
    expect(disk.land(1)).toEqual([]);
    expect(disk.persisted).toBe(4);
  });

  test('is exactly what a disk that is written entry by entry holds of the log', () => {
    fc.assert(
      fc.property(fc.array(operations, { maxLength: 40 }), (list) => {
        const queue = new DiskQueue(0);
        const twin: Twin = { memory: [], base: 0, disk: { base: 0, entries: [] }, writes: [] };
        let name = 0;
        let number = 0;
        for (const operation of list) {
          const last = twin.base + twin.memory.length;
          switch (operation.type) {
            case 'append':
              for (let more = 0; more < operation.count; more++) twin.memory.push(`entry ${name++}`);
              break;
            case 'truncate':
              if (operation.back > twin.memory.length) break;
              twin.memory.length -= operation.back;
              queue.truncatedFrom(last - operation.back + 1);
              break;
            case 'snapshot':
              // It may end before a log that conflicts with it.
              twin.base = Math.max(twin.base + 1, last + operation.back - 3);
              twin.memory = [];
              queue.restored({ term: 1, index: twin.base, configuration });
              break;
            case 'take':
              number++;
              twin.writes.push({ number, base: twin.base, entries: [...twin.memory] });
              queue.takeOff({ number, last, ownVoteTerm: 0 });
              break;
            case 'land': {
              const write = twin.writes.shift();
              if (write === undefined) break;
              twin.disk = write;
              queue.land(write.number);
              break;
            }
          }
          queue.assertInvariants();
          expectSame(queue, twin);
        }
      }),
      { numRuns: 500 },
    );
  });

  function expectSame(queue: DiskQueue, { memory, base, disk }: Twin): void {
    expect(queue.isInstalling).toBe(disk.base !== base);
    if (disk.base !== base) {
      expect(queue.persisted).toBeLessThan(base);
      return;
    }
    let same = 0;
    while (same < memory.length && memory[same] === disk.entries[same]) same++;
    expect(queue.persisted).toBe(base + same);
  }
});

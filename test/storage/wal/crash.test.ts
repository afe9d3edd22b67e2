import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { QuorateError, seededRandom } from '../../../src/base/index.js';
import { openWal } from '../../../src/storage/index.js';
import type { MemoryDisk, Survives, WriteFault } from '../../../src/storage/index.js';
import { append, entries, genesis } from './fixture.js';
import { actions, callsOf, contentsOf, run, statesOf } from './history.js';
import type { Action, Call } from './history.js';

/** Every kind of thing that a log does, alone and gathered. */
const script: readonly Action[] = [
  ...appends([{ count: 2 }, { count: 3, wait: false }, { count: 1, commit: 3 }]),
  ...appends([{ replace: 2, count: 3, wait: false }, { replace: 4, count: 1, wait: false }, { count: 2 }]),
  { type: 'compact', count: 2, wait: true },
  ...appends([
    { commit: 1, mustSync: false },
    { commit: 1, mustSync: false, wait: false },
    { count: 2, commit: 2 },
  ]),
  { type: 'settle' },
  { type: 'compact', count: 9, wait: false },
  ...appends([
    { replace: 1, count: 1 },
    { newTerm: true, vote: true },
  ]),
  { type: 'reset', jump: 4, count: 1 },
  ...appends([{ count: 2, commit: 2, wait: false }, { count: 1 }]),
  { type: 'compact', count: 1, wait: true },
  ...appends([{ commit: 1, mustSync: false }]),
];

function appends(list: readonly Partial<Extract<Action, { type: 'append' }>>[]): readonly Action[] {
  const base = { replace: 0, count: 0, newTerm: false, vote: false, commit: 0, mustSync: true, wait: true };
  return list.map((parts) => ({ type: 'append', ...base, ...parts }));
}

const none: Survives = () => false;
const all: Survives = () => true;

type End = (disk: MemoryDisk) => void;
const ends: readonly (readonly [string, End, 'kill' | 'cut'])[] = [
  ['the process is killed, its last write undone', (disk) => disk.kill(none), 'kill'],
  ['the process is killed, its last write done', (disk) => disk.kill(all), 'kill'],
  ['the power is cut and takes all it can', (disk) => disk.powerCut(none), 'cut'],
  ['the power is cut and takes nothing', (disk) => disk.powerCut(all), 'cut'],
  ['the power is cut', (disk) => disk.powerCut(), 'cut'],
];

/** Runs into the end at this write and checks that what is found then is what some of the calls, in order, left. */
async function crash(
  calls: readonly Call[],
  stopAt: number,
  end: (typeof ends)[number],
  seed: number,
): Promise<boolean> {
  const [, finish, kind] = end;
  const outcome = await run(calls, { stopAt, random: seededRandom(seed) });
  const { disk, issued } = outcome;
  const reached = disk.writeCount('wal') >= stopAt;
  finish(disk);
  const least = kind === 'kill' ? outcome.acknowledged : outcome.durable;
  expect(statesOf(calls).slice(least, issued + 1)).toContainEqual(await contentsOf(disk));
  await goesOn(disk);
  return reached;
}

/** After all that, the log takes appends and keeps them. */
async function goesOn(disk: MemoryDisk): Promise<void> {
  const { wal, contents } = await openWal(await disk.open('wal'), genesis);
  const last = contents.entries.at(-1)?.index ?? contents.snapshot.index;
  await wal.append(append({ entries: entries(last + 1, last + 2, 99) }));
  disk.powerCut(none);
  const again = await openWal(await disk.open('wal'), genesis);
  expect(again.contents.entries.slice(-2)).toEqual(entries(last + 1, last + 2, 99));
  await again.wal.close();
}

describe('a crash at every write', () => {
  it.each(ends)('of a scripted run, when %s', async (...end) => {
    const calls = callsOf(script);
    let stopAt = 1;
    while (await crash(calls, stopAt, end, stopAt)) stopAt += 1;
    expect(stopAt).toBeGreaterThan(15);
  });

  it('after an append that has to be durable and brings nothing new: what stands before it is durable, too', async () => {
    const calls = callsOf([
      { type: 'reset', jump: 0, count: 1 },
      ...appends([{ commit: 1, mustSync: false }, { mustSync: true }]),
    ]);
    for (const end of ends) {
      let stopAt = 1;
      while (await crash(calls, stopAt, end, stopAt)) stopAt += 1;
    }
  });

  it('of random runs', async () => {
    await fc.assert(
      fc.asyncProperty(actions, fc.constantFrom(...ends), fc.nat(), async (list, end, seed) => {
        const calls = callsOf(list);
        let stopAt = 1;
        while (await crash(calls, stopAt, end, seed)) stopAt += 1;
      }),
      { numRuns: 150 },
    );
  }, 60_000);
});

describe('a run without a crash', () => {
  it('leaves exactly what was asked for', async () => {
    await fc.assert(
      fc.asyncProperty(actions, async (list) => {
        const calls = callsOf(list);
        const { disk, wal, issued, acknowledged } = await run(calls);
        expect([issued, acknowledged]).toEqual([calls.length, calls.length]);
        await wal?.close();
        expect(await contentsOf(disk)).toEqual(statesOf(calls).at(-1));
      }),
      { numRuns: 200 },
    );
  }, 60_000);
});

describe('a write that fails', () => {
  it.each([
    ['EIO', false],
    ['EIO', true],
    ['ENOSPC', false],
    ['ENOSPC', true],
  ] as const)(
    '(%s, done all the same: %s) ends the log, and what was acknowledged is there',
    async (code, applied) => {
      const calls = callsOf(script);
      const states = statesOf(calls);
      for (let write = 2; ; write++) {
        const outcome = await run(calls, { faults: [{ store: 'wal', write, type: 'fail', code, applied }] });
        if (!outcome.failed) break;
        outcome.disk.powerCut(none);
        expect(states.slice(outcome.durable, outcome.issued + 1)).toContainEqual(
          await contentsOf(outcome.disk),
        );
      }
    },
  );
});

/** Null: the damage was found. Otherwise what the log says. */
async function foundOr(disk: MemoryDisk): Promise<unknown> {
  try {
    return await contentsOf(disk);
  } catch (error) {
    expect(error).toBeInstanceOf(QuorateError);
    expect(error).toMatchObject({ code: 'storage-corrupt' });
    return null;
  }
}

/** A disk with a log that holds several blocks, by the script up to here. */
async function filled(): Promise<{ readonly disk: MemoryDisk; readonly states: readonly unknown[] }> {
  const calls = callsOf(script.slice(0, 10));
  const { disk } = await run(calls);
  disk.kill(all);
  return { disk, states: statesOf(calls) };
}

describe('damage', () => {
  it('to any bit of what is stored is found', async () => {
    const { disk, states } = await filled();
    const records = disk.dump('wal');
    expect(records.length).toBeGreaterThan(4);
    let flips = 0;
    for (const [key, value] of records) {
      for (let bit = 0; bit < value.length * 8; bit++) {
        expect(disk.damage('wal', { type: 'flip-bit', key, bit })).toBe(true);
        const said = await foundOr(disk);
        if (said !== null)
          expect.fail(`bit ${bit} of ${JSON.stringify(key)} flipped: ${JSON.stringify(said)}`);
        disk.damage('wal', { type: 'flip-bit', key, bit });
        flips += 1;
      }
    }
    expect(flips).toBeGreaterThan(1_000);
    expect(await foundOr(disk)).toEqual(states.at(-1));
  }, 30_000);

  it('names the member and the index', async () => {
    const { disk } = await filled();
    disk.damage('wal', { type: 'flip-bit', key: 'b\0\0\0\0\0\0\0\x03', bit: 300 });
    await expect(contentsOf(disk)).rejects.toThrow(
      /member aaaaaaaaaaaaaaaa \(cluster c0c0c0c0c0c0c0c0\) is damaged at index 3: .*checksum.*add it anew/s,
    );
  });

  it('to a record beside the entries is found: hard state, snapshot, identity', async () => {
    for (const key of ['h', 's', 'i']) {
      const { disk } = await filled();
      disk.damage('wal', { type: 'erase', key });
      expect(await foundOr(disk)).toBeNull();
    }
  });

  it('that takes any record away is found', async () => {
    const { disk } = await filled();
    for (const [key, value] of disk.dump('wal')) {
      disk.damage('wal', { type: 'erase', key });
      expect(await foundOr(disk), JSON.stringify(key)).toBeNull();
      const store = await disk.open('wal');
      await store.write([{ type: 'put', key: Buffer.from(key, 'latin1'), value }], { sync: true });
      await store.close();
    }
  });

  it('that puts the block of one index in the place of another is found', async () => {
    const { disk } = await filled();
    const blocks = disk.dump('wal').filter(([key]) => key.startsWith('b'));
    for (const [to, own] of blocks) {
      for (const [from, value] of blocks) {
        if (from === to) continue;
        const store = await disk.open('wal');
        await store.write([{ type: 'put', key: Buffer.from(to, 'latin1'), value }], { sync: true });
        await store.close();
        expect(await foundOr(disk)).toBeNull();
        const again = await disk.open('wal');
        await again.write([{ type: 'put', key: Buffer.from(to, 'latin1'), value: own }], { sync: true });
        await again.close();
      }
    }
  });

  it('that brings back an old version of one record is found, or nothing but a commit index is lost', async () => {
    await fc.assert(
      fc.asyncProperty(actions, async (list) => {
        const calls = callsOf(list);
        const { disk } = await run(calls);
        disk.kill(all);
        const last = await contentsOf(disk);
        const before = disk.dump('wal').map(([key]) => key);
        for (const key of before) {
          const outcome = await run(calls);
          outcome.disk.kill(all);
          if (!outcome.disk.damage('wal', { type: 'stale', key })) continue;
          const said = await foundOr(outcome.disk);
          if (said === null) continue;
          if (key !== 'h') expect(said).toEqual(last);
          // The head alone can be of an earlier time if none of the other records changed since.
          else expect(said).toMatchObject({ ...(last as object), hardState: expect.anything() as unknown });
        }
      }),
      { numRuns: 60 },
    );
  }, 60_000);
});

describe('a disk that lies', () => {
  const faults = ['misdirect', 'lose', 'unsynced'] as const;

  it('about any one write is found out as soon as another write follows, or did no harm', async () => {
    await fc.assert(
      fc.asyncProperty(
        actions,
        fc.constantFrom(...faults),
        fc.nat({ max: 20 }),
        async (list, type, place) => {
          const calls = callsOf([...list, ...appends([{ count: 1 }, { count: 1 }])]);
          const honest = await run(calls);
          const writes = honest.disk.writeCount('wal');
          fc.pre(writes > 2);
          const write = 2 + (place % (writes - 2)); // Any but the birth of the log and the last.
          const fault: WriteFault = { store: 'wal', write, type };
          const { disk, failed } = await run(calls, { faults: [fault] });
          if (failed) return; // Found out on the way: the log ended itself.
          disk.powerCut(none);
          const said = await foundOr(disk);
          if (said !== null) expect(said).toEqual(statesOf(calls).at(-1));
        },
      ),
      { numRuns: 300 },
    );
  }, 60_000);
});

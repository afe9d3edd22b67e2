import { expect, test } from 'vitest';
import { createMarks, missingMarks } from './marks.js';
import { findFailure, printFailure } from './run.js';

/*
 * RAFT_SCHEDULES  how many schedules all shards run together (20,000)
 * RAFT_SEED       the seed of the run, in place of each shard's own
 * RAFT_PATH       with RAFT_SEED, from a report: only the schedule that failed
 */

/** So many files share the schedules: they run side by side. */
const shards = 4;
const schedulesOfAll = 20_000;
const timeoutMs = 600_000;
/** Fewer schedules than this may miss a mark by chance. */
const schedulesForMarks = 5_000;

interface Settings {
  readonly RAFT_SEED?: string;
  readonly RAFT_SCHEDULES?: string;
  readonly RAFT_PATH?: string;
}

/** Declares the test of one shard, with a seed of its own that stays the same from run to run. */
export function testShard(number: number): void {
  const { RAFT_SEED: givenSeed, RAFT_SCHEDULES: givenCount, RAFT_PATH: path }: Settings = process.env;
  const schedules = Math.ceil(Number(givenCount ?? schedulesOfAll) / shards);
  // fast-check takes seeds of 32 bits.
  const seed = (givenSeed === undefined ? 20_140_600 + number : Number(givenSeed)) | 0;
  const title = `${String(schedules)} random schedules keep Raft's promises (shard ${String(number)}, seed ${String(seed)})`;

  test(title, { timeout: timeoutMs }, () => {
    const marks = createMarks();
    const failure = findFailure({ marks, seed, schedules, ...(path !== undefined && { path }) });
    if (failure !== null) {
      const file = `test/raft/schedules/shard-${String(number)}.test.ts`;
      throw new Error(printFailure(failure, `npx vitest run ${file}`));
    }
    if (schedules >= schedulesForMarks && path === undefined) expect(missingMarks(marks)).toEqual([]);
  });
}

import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, onTestFinished, test } from 'vitest';
import { builtFile } from '../../../jepsen-like/live/built.js';
import { openDisk } from '../../../jepsen-like/live/machines/index.js';
import type { Injection } from '../../../jepsen-like/live/machines/index.js';

const root = join(import.meta.dirname, '..', '..', '..');
const inject = builtFile(join(root, 'jepsen-like', 'live', 'machines', 'inject.ts'));

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'quorate-live-test-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** What a process prints that such a fault is done to. */
async function printed(injected: Injection, script: string): Promise<unknown> {
  const file = join(await temporaryFolder(), 'faults');
  await writeFile(file, JSON.stringify(injected));
  const args = ['--import', inject, '--input-type=module', '-e', script];
  const env = { ...process.env, TORTURE_FAULTS: file };
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: root, env });
  return JSON.parse(stdout);
}

const calm: Injection = { wallOffsetMs: 0, clockRate: 1, diskDelayMs: 0 };
const hourMs = 3_600_000;

describe('what is injected into a process', () => {
  test('moves its clock on the wall, however it is asked', async () => {
    const script = 'console.log(JSON.stringify([Date.now(), new Date().getTime(), new Date(5).getTime()]))';
    const before = Date.now();
    const [now, made, given] = (await printed({ ...calm, wallOffsetMs: -hourMs }, script)) as number[];
    for (const clock of [now, made]) {
      expect(clock).toBeGreaterThanOrEqual(before - hourMs);
      expect(clock).toBeLessThanOrEqual(Date.now() - hourMs);
    }
    expect(given).toBe(5);
  });

  test('makes its monotonic clock go faster, and never back', async () => {
    const script = `
      import { performance } from 'node:perf_hooks';
      const seen = [performance.now()];
      const real = process.hrtime.bigint();
      let passed;
      while ((passed = process.hrtime.bigint() - real) < 200_000_000n) seen.push(performance.now());
      seen.push(performance.now());
      const falls = seen.filter((ms, index) => index > 0 && ms < seen[index - 1]).length;
      console.log(JSON.stringify({ falls, shownMs: seen.at(-1) - seen[0], passedMs: Number(passed) / 1e6 }));`;
    const { falls, shownMs, passedMs } = (await printed({ ...calm, clockRate: 3 }, script)) as {
      readonly falls: number;
      readonly shownMs: number;
      readonly passedMs: number;
    };
    expect(falls).toBe(0);
    expect(shownMs).toBeGreaterThanOrEqual(3 * passedMs - 1);
  });

  test('makes its writes to disk take longer', async () => {
    const folder = await temporaryFolder();
    const script = `
      import { Level } from 'level';
      const database = new Level(${JSON.stringify(join(folder, 'data'))});
      await database.open();
      const real = process.hrtime.bigint();
      await database.batch().put('key', 'value').write({ sync: true });
      const tookMs = Number(process.hrtime.bigint() - real) / 1e6;
      console.log(JSON.stringify({ tookMs, value: await database.get('key') }));
      await database.close();`;
    const { tookMs, value } = (await printed({ ...calm, diskDelayMs: 120 }, script)) as {
      readonly tookMs: number;
      readonly value: string;
    };
    expect(tookMs).toBeGreaterThanOrEqual(119);
    expect(value).toBe('value');
  });
});

describe('a small disk', () => {
  test('takes nothing when it is full, and something when it is not', async (context) => {
    const folder = await temporaryFolder();
    const disk = await openDisk(join(folder, 'disk'), 1);
    if (typeof disk === 'string') {
      context.skip(disk);
      return;
    }
    onTestFinished(() => disk.close());
    const write = (): Promise<void> => writeFile(join(folder, 'disk', 'file'), Buffer.alloc(100_000));
    await write();
    await rm(join(folder, 'disk', 'file'));
    disk.fill();
    await expect(write()).rejects.toThrow('ENOSPC');
    await disk.empty();
    await write();
  });
});

import { readFile } from 'node:fs/promises';
import { expect } from 'vitest';
import type { Target } from './target.js';

const MiB = 1024 * 1024;

/** Memory that a server's process holds, in bytes. */
export interface Memory {
  readonly residentSizeBytes: number;
  /** The most that it ever held. */
  readonly peakSizeBytes: number;
}

/** Linux only: from /proc. */
export async function memoryOf(target: Target): Promise<Memory> {
  const text = await readFile(`/proc/${target.pid}/status`, 'utf8');
  const kibibytes = (field: string): number => {
    const [, digits] = new RegExp(`^${field}:\\s*(\\d+) kB$`, 'm').exec(text) ?? [];
    if (digits === undefined) throw new Error(`/proc/${target.pid}/status has no ${field}`);
    return Number(digits);
  };
  return { residentSizeBytes: kibibytes('VmRSS') * 1024, peakSizeBytes: kibibytes('VmHWM') * 1024 };
}

/** What a member with little data and full queues holds is below; what an unbounded queue gathers is not. */
export const peakMebibytesMax = 1000;

/** The server never held more than so much since it started. Elsewhere than on Linux nothing is known of it. */
export async function expectBoundedMemory(target: Target, mebibytesMax = peakMebibytesMax): Promise<void> {
  target.checkAlive();
  if (process.platform !== 'linux') return;
  const { peakSizeBytes } = await memoryOf(target);
  expect(peakSizeBytes / MiB, 'MiB that the server held at most').toBeLessThan(mebibytesMax);
}

import { execFile } from 'node:child_process';
import { closeSync, openSync, writeSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { messageOf } from '../../../src/base/index.js';

const run = promisify(execFile);

/** A small disk of a machine's own, that can be full. */
export interface Disk {
  /** For the data of a member. */
  readonly folder: string;
  fill(): void;
  empty(): Promise<void>;
  close(): Promise<void>;
}

/** In memory; needs root. Answers with why not, if not. */
export async function openDisk(folder: string, sizeMib: number): Promise<Disk | string> {
  await mkdir(folder, { recursive: true });
  try {
    await run('mount', ['-t', 'tmpfs', '-o', `size=${sizeMib}m`, 'quorate-torture', folder]);
  } catch (error) {
    return `a disk that can be full takes the right to mount one: ${messageOf(error).split('\n')[0] ?? ''}`;
  }
  const ballast = join(folder, 'ballast');
  return {
    folder: join(folder, 'member'),
    fill: () => fillUp(ballast),
    empty: () => rm(ballast, { force: true }),
    async close() {
      await run('umount', ['--lazy', folder]);
    },
  };
}

/** Writes until nothing more goes in. */
function fillUp(path: string): void {
  const file = openSync(path, 'w');
  try {
    for (let size = 1024 * 1024; size >= 1;) {
      try {
        if (writeSync(file, Buffer.alloc(size)) < size) size = Math.floor(size / 2);
      } catch {
        size = Math.floor(size / 2);
      }
    }
  } finally {
    closeSync(file);
  }
}

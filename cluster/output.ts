import { closeSync, openSync } from 'node:fs';
import { open, rename, stat } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

import { systemCodeOf } from './errors.js';

const linesMax = 20;
const tailBytesMax = 16 * 1024;
const logFileBytesMax = 16 * 1024 * 1024;

/** Where what a member prints goes, from one start to the next. */
export interface MemberOutput {
  /** What `spawn` gets as stdout and stderr. */
  readonly stdio: number | 'pipe';
  /** Called once the process exists, with its streams if there are pipes. */
  attach(streams: { readonly stdout: Readable | null; readonly stderr: Readable | null }): void;
  /** The last lines since this start. */
  lastLines(): Promise<readonly string[]>;
}

/** Appends to `path`. The member writes to the file itself: this process may be slow, stopped or gone. */
export async function fileOutput(path: string): Promise<MemberOutput> {
  const size = await sizeOf(path);
  if (size > logFileBytesMax) await rename(path, `${path}.old`);
  const startsAt = size > logFileBytesMax ? 0 : size;
  const descriptor = openSync(path, 'a');
  return {
    stdio: descriptor,
    attach: () => closeSync(descriptor),
    lastLines: () => readTail(path, startsAt),
  };
}

/** Hands each line to `onLine` and remembers the last. */
export function lineOutput(onLine: (line: string) => void): MemberOutput {
  const last: string[] = [];
  function take(line: string): void {
    last.push(line);
    if (last.length > linesMax) last.shift();
    onLine(line);
  }
  return {
    stdio: 'pipe',
    attach(streams) {
      for (const stream of [streams.stdout, streams.stderr]) {
        if (stream !== null) createInterface({ input: stream }).on('line', take);
      }
    },
    lastLines: () => Promise.resolve([...last]),
  };
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return 0;
    throw error;
  }
}

async function readTail(path: string, startsAt: number): Promise<readonly string[]> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    const from = Math.max(startsAt, size - tailBytesMax);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(tailBytesMax), 0, tailBytesMax, from);
    const lines = buffer.toString('utf8', 0, bytesRead).split('\n');
    return lines.filter((line) => line.trim() !== '').slice(-linesMax);
  } finally {
    await file.close();
  }
}

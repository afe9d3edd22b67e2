/**
 * Loaded into a member of Quorate before anything else (`node --import`), it stands between the member and its clocks and disk. What is
 * wrong with them is written in the file of TORTURE_FAULTS, by `injection.ts`.
 */
import { readFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { Level } from 'level';
import { noInjection } from './injection.js';
import type { Injection } from './injection.js';

const lookEveryMs = 50;
const file = process.env['TORTURE_FAULTS'];
const realWallMs = Date.now.bind(Date);
const realMonotonicMs = performance.now.bind(performance);
let injected: Injection = noInjection;
/** Where the drifting clock and the real one parted last. */
let parted = { realMs: realMonotonicMs(), shownMs: realMonotonicMs() };

function monotonicMs(): number {
  return parted.shownMs + (realMonotonicMs() - parted.realMs) * injected.clockRate;
}

function look(): void {
  if (file === undefined) return;
  let read: Injection;
  try {
    read = JSON.parse(readFileSync(file, 'utf8')) as Injection;
  } catch {
    return; // Not there yet, or just being written.
  }
  parted = { shownMs: monotonicMs(), realMs: realMonotonicMs() };
  injected = read;
}

const wallMs = (): number => realWallMs() + injected.wallOffsetMs;
Date.now = wallMs;
globalThis.Date = new Proxy(Date, {
  construct: (target, args: readonly unknown[], made) =>
    Reflect.construct(target, args.length === 0 ? [wallMs()] : [...args], made) as Date,
});
Object.defineProperty(performance, 'now', { value: monotonicMs });

interface Batch {
  _write(options: unknown): Promise<void>;
}
const database = Level.prototype as unknown as { _chainedBatch(): Batch };
const newBatch = Object.getOwnPropertyDescriptor(database, '_chainedBatch')?.value as () => Batch;
database._chainedBatch = function slowBatch(this: unknown) {
  const batch = newBatch.call(this);
  const write = batch._write.bind(batch);
  batch._write = async (options) => {
    const { diskDelayMs } = injected;
    if (diskDelayMs > 0) await new Promise((resolve) => setTimeout(resolve, diskDelayMs));
    await write(options);
  };
  return batch;
};

look();
setInterval(look, lookEveryMs).unref();

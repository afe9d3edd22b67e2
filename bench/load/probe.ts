import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { monotonicMs } from './clock.js';
import { createHistogram } from './histogram.js';
import type { ProbeReport, SlowRequest } from './jobs.js';

/** Looks at the machine beside a load: how long the disk takes to sync, and how late a timer fires that has nothing to do. */
export interface Probe {
  stop(): Promise<ProbeReport>;
}

const syncEveryMs = 20;
const wakeEveryMs = 10;
const listedMax = 100_000;
const block = Buffer.alloc(4096, 'p');

/** `folder` is on the disk in question. Slow is what takes longer than `slowMs`. */
export async function startProbe(folder: string, slowMs: number): Promise<Probe> {
  const path = join(folder, 'bench-probe');
  const file = await open(path, 'w');
  const syncs = createHistogram();
  const slowSyncs: SlowRequest[] = [];
  const lateWakes: SlowRequest[] = [];
  let goesOn = true;

  async function syncAgainAndAgain(): Promise<void> {
    // Always the same block: what is measured is the disk, not how it makes room.
    while (goesOn) {
      const sentMs = monotonicMs();
      await file.write(block, 0, block.length, 0);
      await file.datasync();
      const tookMs = monotonicMs() - sentMs;
      syncs.record(tookMs * 1000);
      if (tookMs >= slowMs && slowSyncs.length < listedMax) slowSyncs.push({ sentMs, tookMs });
      await new Promise((resolve) => setTimeout(resolve, syncEveryMs));
    }
  }

  let lastMs = monotonicMs();
  const timer = setInterval(() => {
    const nowMs = monotonicMs();
    const lateMs = nowMs - lastMs - wakeEveryMs;
    if (lateMs >= slowMs && lateWakes.length < listedMax)
      lateWakes.push({ sentMs: lastMs + wakeEveryMs, tookMs: lateMs });
    lastMs = nowMs;
  }, wakeEveryMs);
  const syncing = syncAgainAndAgain();
  // Whoever stops the probe is told; until then nobody listens.
  syncing.catch(() => undefined);

  return {
    async stop() {
      goesOn = false;
      clearInterval(timer);
      try {
        await syncing;
      } finally {
        await file.close();
        await rm(path, { force: true });
      }
      return { slowSyncs, lateWakes, syncs: syncs.toPlain() };
    },
  };
}

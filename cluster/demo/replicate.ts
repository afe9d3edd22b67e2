import { setTimeout as delay } from 'node:timers/promises';

import { ClientError } from '../../src/client/index.js';
import type { Client } from '../../src/client/index.js';

export interface Progress {
  acknowledgedCount: number;
  acknowledgedBytes: number;
  /** Puts that failed and were sent again. */
  retryCount: number;
  /** Those among them that may have happened: nobody told. */
  ambiguousCount: number;
}

export function newProgress(): Progress {
  return { acknowledgedCount: 0, acknowledgedBytes: 0, retryCount: 0, ambiguousCount: 0 };
}

/** How long one try may take, and how long all tries for one record, before the demo gives up. */
const limits = { tryMs: 2_000, recordMs: 60_000, pauseMs: 20 };

/**
 * Puts all records, `inFlight` at a time, each again and again until it is acknowledged. That is safe here even where
 * the outcome is unknown: the same key gets the same value, however often.
 */
export async function replicate(
  client: Client,
  records: ReadonlyMap<string, Buffer>,
  options: { readonly inFlight: number; readonly progress: Progress },
): Promise<void> {
  const queue = records.entries();
  const failed = new AbortController();

  async function work(): Promise<void> {
    for (const [key, value] of queue) {
      if (failed.signal.aborted) return;
      await putUntilAcknowledged(client, key, value, options.progress);
    }
  }

  const workers = Array.from({ length: options.inFlight }, work);
  try {
    await Promise.all(workers);
  } finally {
    failed.abort();
    await Promise.allSettled(workers);
  }
}

async function putUntilAcknowledged(
  client: Client,
  key: string,
  value: Buffer,
  progress: Progress,
): Promise<void> {
  const deadline = performance.now() + limits.recordMs;
  for (;;) {
    try {
      await client.put(key, value, { timeoutMs: limits.tryMs });
      progress.acknowledgedCount++;
      progress.acknowledgedBytes += value.length;
      return;
    } catch (error) {
      if (!(error instanceof ClientError) || performance.now() > deadline) throw error;
      progress.retryCount++;
      if (error.mayHaveHappened) progress.ambiguousCount++;
      await delay(limits.pauseMs);
    }
  }
}

import { setTimeout as sleep } from 'node:timers/promises';

import { keyOf } from '../base/index.js';
import type { Key } from '../base/index.js';
import { ClientError, op } from '../client/index.js';
import type { Client } from '../client/index.js';
import { isNobodyAnswering } from './nobody-answering.js';

/** What a key at the destination is to become. */
export interface MirrorChange {
  readonly key: Uint8Array;
  /** Undefined: it is to go. */
  readonly value: Uint8Array | undefined;
}

/** Collects changes and writes them as few transactions, each of bounded size. */
export interface MirrorWriter {
  /** Takes changes that belong together: they become one transaction if it has room for all of them. */
  add(changes: readonly MirrorChange[]): Promise<void>;
  /** Resolves when all that was added is written. */
  flush(): Promise<void>;
  /** Nothing more goes into the transaction that is being collected. */
  readonly isFull: boolean;
  readonly putCount: number;
  readonly deletedCount: number;
}

export interface MirrorWriterParts {
  readonly client: Client;
  readonly operationsMax: number;
  /** Told why a write is tried again, and then, with undefined, that it got through. */
  readonly onTrouble: (reason: string | undefined) => Promise<void>;
  /** Aborting ends trying again. */
  readonly signal: AbortSignal;
}

/** Members take requests of 1.5 MiB by default. */
const sizeBytesMax = 1024 * 1024;
const perChangeBytes = 64;

const retryMs = 500;
/**
 * Where nobody knows whether a write will happen: longer than members keep a request under way, so that the first try
 * cannot come after the second and undo what was written since.
 */
const uncertainRetryMs = 10_000;

export function createMirrorWriter(parts: MirrorWriterParts): MirrorWriter {
  const { client, operationsMax, onTrouble, signal } = parts;
  let changes = new Map<Key, MirrorChange>();
  let sizeBytes = 0;
  let putCount = 0;
  let deletedCount = 0;

  const hasRoomFor = (count: number, bytes: number): boolean =>
    changes.size + count <= operationsMax && sizeBytes + bytes <= sizeBytesMax;

  async function add(together: readonly MirrorChange[]): Promise<void> {
    const bytes = together.reduce((sum, change) => sum + sizeOf(change), 0);
    if (!hasRoomFor(together.length, bytes)) await flush();
    for (const change of together) {
      if (!hasRoomFor(1, sizeOf(change))) await flush();
      changes.set(keyOf(change.key), change); // Of what a key was in between, nobody needs to know.
      sizeBytes += sizeOf(change);
    }
  }

  async function flush(): Promise<void> {
    if (changes.size === 0) return;
    const batch = [...changes.values()];
    await persist(() => write(batch));
    for (const { value } of batch) {
      if (value === undefined) deletedCount++;
      else putCount++;
    }
    changes = new Map();
    sizeBytes = 0;
  }

  async function write(batch: readonly MirrorChange[]): Promise<void> {
    const [only] = batch;
    if (batch.length > 1 || only === undefined) {
      const operations = batch.map(({ key, value }) =>
        value === undefined ? op.delete(key) : op.put(key, value),
      );
      await client
        .txn()
        .then(...operations)
        .commit();
    } else if (only.value === undefined) await client.delete(only.key);
    else await client.put(only.key, only.value); // A transaction around the largest value might be too large.
  }

  /** Writing the same again does no harm. */
  async function persist(attempt: () => Promise<void>): Promise<void> {
    for (let isFirst = true; ; isFirst = false) {
      try {
        await attempt();
        if (!isFirst) await onTrouble(undefined);
        return;
      } catch (error) {
        if (!(error instanceof ClientError) || !isNobodyAnswering(error) || signal.aborted) throw error;
        if (isFirst) await onTrouble(error.message);
        await sleep(error.mayHaveHappened ? uncertainRetryMs : retryMs, undefined, { signal });
      }
    }
  }

  return {
    add,
    flush,
    get isFull() {
      return !hasRoomFor(1, 0);
    },
    get putCount() {
      return putCount;
    },
    get deletedCount() {
      return deletedCount;
    },
  };
}

function sizeOf({ key, value }: MirrorChange): number {
  return key.length + (value?.length ?? 0) + perChangeBytes;
}

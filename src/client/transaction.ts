import { keyOf } from '../base/index.js';
import { compare } from './compare.js';
import type { Compare } from './compare.js';
import type { CallOptions } from './connection.js';
import { entryOf } from './entry.js';
import type { Entry } from './entry.js';
import { ClientError } from './errors.js';
import { bytesOf, keyBytes } from './keys.js';
import type { Bytes } from './keys.js';
import type { KeyValueStore } from './kv.js';
import type { PutOptions } from './operations.js';
import { backoffMs, pause } from './pause.js';
import { op } from './txn.js';
import type { Operation, TxnBuilder } from './txn.js';

/** Reads and writes that all happen at one moment, or not at all. */
export interface Transaction {
  /** As of the revision of the first read; a key that this transaction wrote, as it wrote it. */
  get(key: Bytes): Promise<Entry | undefined>;
  /** Done at the end, if nothing that was read has changed until then. */
  put(key: Bytes, value: Bytes, options?: Pick<PutOptions, 'lease'>): void;
  delete(key: Bytes): void;
}

export interface TransactionOptions extends CallOptions {
  /** How often it is run before it fails with `conflict`. Default 100. */
  readonly triesMax?: number | undefined;
}

export interface Transactions {
  /**
   * Runs code that reads and writes as if it were alone:
   *
   *     await client.transaction(async (tx) => {
   *       const balance = Number((await tx.get('accounts/ada'))?.text ?? 0);
   *       if (balance < 10) throw new Error('too little');
   *       tx.put('accounts/ada', String(balance - 10));
   *     });
   *
   * It is run again when others have written what it read: it must do nothing else than that. What it throws ends it,
   * and nothing was written. Up to about a hundred keys. A write whose outcome is unknown is not tried again.
   */
  transaction<Result>(
    run: (tx: Transaction) => Promise<Result> | Result,
    options?: TransactionOptions,
  ): Promise<Result>;
}

export interface TransactionSource {
  readonly store: Pick<KeyValueStore, 'page'>;
  readonly txn: () => TxnBuilder<[], []>;
}

const triesMaxDefault = 100;

export function createTransactions(source: TransactionSource): Transactions {
  return {
    async transaction(run, options = {}) {
      const { triesMax = triesMaxDefault, ...call } = options;
      for (let attempt = 1; attempt <= triesMax; attempt++) {
        const { tx, commit } = begin(source, call);
        try {
          const result = await run(tx);
          if (await commit()) return result;
        } catch (error) {
          if (!(error instanceof ClientError && error.code === 'compacted')) throw error;
        }
        await pause(backoffMs(Math.min(attempt, 4)), call.signal);
        if (call.signal?.aborted === true)
          throw new ClientError('canceled', 'transaction: aborted', { cause: call.signal.reason });
      }
      throw new ClientError('conflict', `transaction: others wrote what it read, ${triesMax} times`);
    },
  };
}

interface Write {
  readonly operation: Operation;
  readonly value: Uint8Array | undefined;
}

function begin(
  { store, txn }: TransactionSource,
  call: CallOptions,
): { readonly tx: Transaction; readonly commit: () => Promise<boolean> } {
  const reads = new Map<string, Promise<Entry | undefined>>();
  const writes = new Map<string, Write>();
  let revision: Promise<number> | undefined;

  async function read(key: Uint8Array): Promise<Entry | undefined> {
    if (revision !== undefined) {
      const page = await store.page(key, { ...call, revision: await revision });
      return page.entries[0];
    }
    const first = store.page(key, call);
    revision = first.then((page) => page.revision);
    revision.catch(() => undefined); // Whoever reads hears of it.
    return (await first).entries[0];
  }

  function readOnce(key: Uint8Array): Promise<Entry | undefined> {
    const id = keyOf(key);
    const known = reads.get(id) ?? read(key);
    reads.set(id, known);
    return known;
  }

  const tx: Transaction = {
    async get(given) {
      const key = keyBytes(given);
      const written = writes.get(keyOf(key));
      if (written === undefined) return readOnce(key);
      return written.value === undefined ? undefined : entryOf({ key, value: written.value });
    },
    put(given, value, options) {
      const key = keyBytes(given);
      writes.set(keyOf(key), { operation: op.put(key, value, options), value: bytesOf(value) });
    },
    delete(given) {
      const key = keyBytes(given);
      writes.set(keyOf(key), { operation: op.delete(key), value: undefined });
    },
  };

  /** All reads are of one revision: without writes there is nothing to check. */
  async function commit(): Promise<boolean> {
    if (writes.size === 0) return true;
    const compares: Compare[] = [];
    for (const [id, reading] of reads) {
      const entry = await reading;
      compares.push(compare.modRevision(Buffer.from(id, 'latin1'), '=', entry?.modRevision ?? 0));
    }
    const operations = [...writes.values()].map(({ operation }) => operation);
    const outcome = await txn()
      .if(...compares)
      .then(...operations)
      .commit(call);
    return outcome.succeeded;
  }

  return { tx, commit };
}

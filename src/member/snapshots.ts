import { messageOf, QuorateError } from '../base/index.js';
import { openStateMachine, readOutgoing, readStateMeta } from '../mvcc/index.js';
import type { StateMachineOptions, StateMeta } from '../mvcc/index.js';
import type { SnapshotSink } from '../peer/index.js';
import type { NodeId, SnapshotMeta } from '../raft/index.js';
import type { OrderedStore, StoreEntry } from '../storage/index.js';
import type { Env } from './env.js';
import type { OpenState, State } from './state.js';

const storePrefix = 'state-';

/** Snapshots on their way out to followers, and the one that may be coming in. */
export interface Snapshots {
  /**
   * Streams the state as it is to a follower; resolves to whether the follower has stored it. Rejects with `storage-corrupt` when the
   * state turns out to be damaged on the way: the follower gets none of it.
   */
  send(to: NodeId, term: number): Promise<boolean>;
  /** Opens a fresh store for a snapshot that a peer begins to stream. */
  openSink(from: NodeId, meta: SnapshotMeta): Promise<SnapshotSink>;
  /** The received snapshot of this position, opened as a state; null if there is none such. */
  take(meta: SnapshotMeta): Promise<OpenState | null>;
  /**
   * The name under which `take` will find the snapshot, for the log's switch; null if there is none such. Until it is taken no other
   * can come in: the log may name it already.
   */
  reserve(meta: SnapshotMeta): string | null;
  /** The core did not want it: throws the received one away, unless it is reserved. */
  discard(): Promise<void>;
}

interface Received {
  readonly meta: SnapshotMeta;
  readonly store: OrderedStore;
  readonly storeName: string;
}

/** `state-8` after `state-7`, above every store that exists. */
export function nextStoreName(existing: readonly string[]): string {
  const numbers = existing.filter(isStateStore).map((name) => Number(name.slice(storePrefix.length)));
  return `${storePrefix}${Math.max(0, ...numbers) + 1}`;
}

export function isStateStore(name: string): boolean {
  return /^state-[1-9][0-9]*$/.test(name);
}

export function snapshotMetaOf(meta: StateMeta): SnapshotMeta {
  return { ...meta.applied, configuration: meta.membership.configuration };
}

export function createSnapshots(env: Env, state: State, options: StateMachineOptions): Snapshots {
  let incoming: string | null = null;
  let received: Received | null = null;
  let isReserved = false;

  async function discard(): Promise<void> {
    if (received === null || isReserved) return;
    const { store, storeName } = received;
    received = null;
    await store.close();
    await env.disk.remove(storeName);
  }

  function isSame(a: SnapshotMeta, b: SnapshotMeta): boolean {
    return a.index === b.index && a.term === b.term;
  }

  return {
    async send(to, term) {
      const snapshot = await state.machine.snapshot();
      const outgoing = watchForDamage(readOutgoing(snapshot));
      try {
        const meta = readStateMeta(snapshot);
        if (meta === null) throw new QuorateError('internal', 'a state store without its meta record');
        const position = { index: meta.applied.index, to };
        env.logger.info('streaming a snapshot to a follower', position);
        await env.network.sendSnapshot(to, term, snapshotMetaOf(meta), outgoing.entries);
        env.logger.info('a follower has stored the snapshot', position);
        return true;
      } catch (error) {
        const { damage } = outgoing;
        if (damage !== null) throw damage;
        env.logger.warn('a snapshot did not reach its follower', { to, reason: messageOf(error) });
        return false;
      } finally {
        await snapshot.close();
      }
    },
    async openSink(from, meta) {
      if (incoming !== null)
        throw new QuorateError('too-many-requests', 'another snapshot is being received');
      if (isReserved) throw new QuorateError('too-many-requests', 'another snapshot is being installed');
      incoming = 'opening';
      try {
        await discard();
        const storeName = nextStoreName(await env.disk.list());
        const store = await env.disk.open(storeName);
        incoming = storeName;
        env.logger.info('receiving a snapshot', { from, index: meta.index });
        return createSink(store, storeName, meta);
      } catch (error) {
        incoming = null;
        throw error;
      }
    },
    async take(meta) {
      if (received === null || !isSame(received.meta, meta)) return null;
      const { store, storeName } = received;
      received = null;
      isReserved = false;
      return { machine: await openStateMachine(store, options), store, storeName };
    },
    reserve(meta) {
      if (received === null || !isSame(received.meta, meta)) return null;
      isReserved = true;
      return received.storeName;
    },
    discard,
  };

  function createSink(store: OrderedStore, storeName: string, meta: SnapshotMeta): SnapshotSink {
    return {
      write: (entries: readonly StoreEntry[]) =>
        store.write(
          entries.map(([key, value]) => ({ type: 'put', key, value })),
          { sync: true },
        ),
      async finish() {
        const stored = readStateMeta(store);
        if (stored === null || !isSame(snapshotMetaOf(stored), meta)) {
          throw new QuorateError(
            'storage-corrupt',
            'a snapshot whose content is not what its sender announced',
          );
        }
        received = { meta, store, storeName };
        incoming = null;
        await Promise.resolve();
      },
      async abort() {
        incoming = null;
        await store.close();
        await env.disk.remove(storeName);
      },
    };
  }
}

/** Passes entries on, and keeps what was wrong with them apart from what went wrong with their receiver. */
function watchForDamage(entries: AsyncIterable<StoreEntry>): {
  readonly entries: AsyncIterable<StoreEntry>;
  readonly damage: QuorateError | null;
} {
  let damage: QuorateError | null = null;
  async function* pass(): AsyncGenerator<StoreEntry> {
    try {
      yield* entries;
    } catch (error) {
      if (error instanceof QuorateError && error.code === 'storage-corrupt') damage = error;
      throw error;
    }
  }
  return {
    entries: pass(),
    get damage() {
      return damage;
    },
  };
}

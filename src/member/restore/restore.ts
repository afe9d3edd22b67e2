import { setImmediate } from 'node:timers/promises';
import { InvariantError, messageOf, QuorateError } from '../../base/index.js';
import { openBbolt, openFileSource } from '../../bbolt/index.js';
import type { FileSource } from '../../bbolt/index.js';
import { openStateMachine, operationsOfState, storedRecord } from '../../mvcc/index.js';
import type { Membership, Revision } from '../../mvcc/index.js';
import { openLevelDisk, openWal } from '../../storage/index.js';
import type { Disk, OrderedStore, StoreEntry } from '../../storage/index.js';
import { walStoreName } from '../bootstrap.js';
import { readContent } from '../etcd-file/index.js';
import type { FileContent } from '../etcd-file/index.js';
import { clusterIdOf, initialIdentity } from '../identity.js';
import type { ClusterNaming, InitialIdentity } from '../identity.js';
import { nextStoreName } from '../snapshots.js';
import { checkDigest } from './digest.js';
import { prepareTarget } from './target.js';

/**
 * Where a restored log begins: with an entry that nobody has. So a member with an empty log can never follow from here
 * by itself: it gets the state, as a snapshot.
 */
const origin = { term: 1, index: 1 } as const;
const batchSizeBytes = 1024 * 1024;
const cacheSizeBytesMax = 1024 * 1024;

export interface RestoreOptions extends ClusterNaming {
  /** A snapshot that etcd or this program wrote. */
  readonly file: string;
  /** The new member's folder: missing, or empty. */
  readonly dataFolder: string;
  /** For a file out of a data folder, which does not end in a checksum. */
  readonly skipHashCheck: boolean;
  /** Gives up, and leaves nothing behind. */
  readonly signal?: AbortSignal;
}

export interface Restored {
  readonly memberId: string;
  readonly clusterId: string;
  readonly revision: Revision;
  readonly compactRevision: Revision;
  /** Alive at the revision. */
  readonly keyCount: number;
  readonly leaseCount: number;
  readonly userCount: number;
  readonly roleCount: number;
  readonly alarmCount: number;
  readonly isAuthEnabled: boolean;
  /** Buckets of the file that mean nothing here, and were left behind. */
  readonly ignored: readonly string[];
}

/**
 * Makes the data folder of one member of a new cluster that begins with a snapshot's state: all keys with their history,
 * leases (with all of their time again), users, roles and alarms. Every member of that cluster has to be restored from
 * the same file: its digest is part of the cluster's id, so that a member restored from another file, or started without
 * one, is not taken for one of them.
 *
 * The folder appears when all of it is durable. Errors: `storage-failed` if it exists or cannot be made,
 * `storage-corrupt` for a file that is damaged or none of etcd's, `invalid-configuration`.
 */
export async function restoreSnapshot(options: RestoreOptions): Promise<Restored> {
  const identity = initialIdentity(options);
  const source = await openFileSource(options.file);
  try {
    const target = await prepareTarget(options.dataFolder);
    try {
      const restored = await build(source, openLevelDisk(target.buildingFolder), identity, options);
      await target.finish();
      return restored;
    } catch (error) {
      await target.discard();
      throw error;
    }
  } finally {
    await source.close();
  }
}

async function build(
  source: FileSource,
  disk: Disk,
  initial: InitialIdentity,
  { skipHashCheck, signal }: RestoreOptions,
): Promise<Restored> {
  const digest = await checkDigest(source, skipHashCheck);
  const ids = initial.membership.members.map(({ id }) => id);
  const identity = { ...initial, clusterId: clusterIdOf(ids, digest) };
  const stateStore = nextStoreName([]);
  const store = await disk.open(stateStore);
  const { content, keyCount } = await buildState({ source, store, identity, signal });
  await buildLog(await disk.open(walStoreName), identity, stateStore); // Last: see refuseHalf.
  const { revision, compactRevision, tables, ignored } = content;
  return {
    memberId: identity.memberId,
    clusterId: identity.clusterId,
    revision,
    compactRevision,
    keyCount,
    leaseCount: tables.leases.length,
    userCount: tables.users.length,
    roleCount: tables.roles.length,
    alarmCount: tables.alarms.length,
    isAuthEnabled: tables.auth.enabled,
    ignored,
  };
}

/** Closes the store, in any case. */
async function buildState(parts: {
  readonly source: FileSource;
  readonly store: OrderedStore;
  readonly identity: InitialIdentity;
  readonly signal: AbortSignal | undefined;
}): Promise<{ readonly content: FileContent; readonly keyCount: number }> {
  const { source, store, signal } = parts;
  const { membership } = parts.identity;
  try {
    const writer = createBatches(store, () => signal?.throwIfAborted());
    const content = await readContent(await openBbolt(source), (entry) => writer.add(storedRecord(entry)));
    await writer.flush();
    const { revision, compactRevision, tables } = content;
    const meta = { applied: origin, revision, compactRevision, membership };
    await store.write(await operationsOfState(store, meta, tables), { sync: true });
    return { content, keyCount: await countKeys(source, store, membership) };
  } finally {
    await store.close();
  }
}

/** Opens the state as a member would: what it would refuse is refused now. */
async function countKeys(source: FileSource, store: OrderedStore, genesis: Membership): Promise<number> {
  const yieldToLoop = async (): Promise<void> => setImmediate();
  try {
    const machine = await openStateMachine(store, { cacheSizeBytesMax, yieldToLoop, genesis });
    const { keyCount } = machine;
    await machine.close();
    return keyCount;
  } catch (cause) {
    const isIncoherent =
      cause instanceof InvariantError || (cause instanceof QuorateError && cause.code === 'storage-corrupt');
    if (!isIncoherent) throw cause;
    const how = `${source.name} holds a history that does not hold together (${messageOf(cause)})`;
    throw new QuorateError('storage-corrupt', `${how}: take another copy, or a new snapshot`, { cause });
  }
}

function createBatches(
  store: OrderedStore,
  check: () => void,
): {
  add(entry: StoreEntry): Promise<void>;
  flush(): Promise<void>;
} {
  let batch: StoreEntry[] = [];
  let sizeBytes = 0;

  async function flush(): Promise<void> {
    check();
    const full = batch;
    batch = [];
    sizeBytes = 0;
    await store.write(
      full.map(([key, value]) => ({ type: 'put', key, value })),
      { sync: true },
    );
  }

  return {
    async add(entry) {
      batch.push(entry);
      sizeBytes += entry[0].length + entry[1].length;
      if (sizeBytes >= batchSizeBytes) await flush();
    },
    flush,
  };
}

/** Closes the store, in any case. */
async function buildLog(
  store: OrderedStore,
  { clusterId, memberId, membership }: InitialIdentity,
  stateStore: string,
): Promise<void> {
  const { configuration } = membership;
  const genesis = { identity: { clusterId, memberId }, configuration, stateStore };
  const { wal } = await openWal(store, genesis).catch(async (error: unknown) => {
    await store.close();
    throw error;
  });
  try {
    await wal.append({
      hardState: { term: origin.term, vote: null, commit: origin.index },
      entries: [],
      reset: { meta: { ...origin, configuration }, stateStore },
      mustSync: true,
    });
  } finally {
    await wal.close();
  }
}

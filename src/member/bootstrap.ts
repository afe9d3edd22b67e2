import { QuorateError } from '../base/index.js';
import { openStateMachine } from '../mvcc/index.js';
import type { Membership, StateMachineOptions } from '../mvcc/index.js';
import { createCore } from '../raft/index.js';
import type { Core } from '../raft/index.js';
import { openWal } from '../storage/index.js';
import type { OrderedStore, Wal, WalContents } from '../storage/index.js';
import type { MemberConfig } from './config.js';
import type { Env } from './env.js';
import type { InitialIdentity } from './identity.js';
import { isStateStore, nextStoreName } from './snapshots.js';
import { createState } from './state.js';
import type { State } from './state.js';

export const walStoreName = 'wal';
const inflightMessagesMax = 256;
const appendSizeBytesMax = 1024 * 1024;
const uncommittedSizeBytesMax = 256 * 1024 * 1024;

export interface Recovered {
  readonly core: Core;
  readonly wal: Wal;
  readonly state: State;
  readonly stateOptions: StateMachineOptions;
}

/**
 * Brings a member back to what it had made durable, or lays down a new one: opens the log, the state that the log names,
 * and checks that both tell the same story.
 */
export async function recover(env: Env, config: MemberConfig, initial: InitialIdentity): Promise<Recovered> {
  const walStore = await env.disk.open(walStoreName);
  try {
    const stores = await env.disk.list();
    await refuseHalf(stores, walStore);
    const { wal, contents } = await openWal(walStore, {
      identity: { clusterId: initial.clusterId, memberId: initial.memberId },
      configuration: initial.membership.configuration,
      stateStore: nextStoreName(stores),
    });
    if (contents.tornEntries > 0) {
      env.logger.warn('cut a torn tail off the log', { entries: contents.tornEntries });
    }
    const leftovers = stores.filter((name) => isStateStore(name) && name !== contents.stateStore);
    for (const name of leftovers) await env.disk.remove(name);
    return await recoverState(env, config, initial, wal, contents);
  } catch (error) {
    await walStore.close();
    throw error;
  }
}

/** A member lays down its log before its state, and a restore the other way about. */
async function refuseHalf(stores: readonly string[], walStore: OrderedStore): Promise<void> {
  if (!stores.some(isStateStore)) return;
  let hasLog = false;
  for await (const [key] of walStore.entries({ limit: 1 })) hasLog = key.length > 0;
  if (hasLog) return;
  throw new QuorateError(
    'storage-corrupt',
    'the data folder has a state but no log: it is what an interrupted restore left, or the log was lost. Restore the ' +
      'snapshot again into a folder of another name; or remove the member from its cluster, empty the folder and add it anew',
  );
}

async function recoverState(
  env: Env,
  config: MemberConfig,
  initial: InitialIdentity,
  wal: Wal,
  contents: WalContents,
): Promise<Recovered> {
  const stateOptions: StateMachineOptions = {
    cacheSizeBytesMax: config.limits.valueCacheSizeBytesMax,
    yieldToLoop: () => new Promise((resolve) => env.soon(resolve)),
    genesis: initial.membership,
  };
  const store = await env.disk.open(contents.stateStore);
  try {
    const machine = await openStateMachine(store, stateOptions);
    checkAgreement(contents, machine.applied.index, initial.memberId);
    checkMember(machine.membership, initial.memberId);
    checkGenesis(contents, machine.applied.index, initial);
    const core = createCore(
      coreOptions(config, contents),
      { ...contents, applied: machine.applied.index },
      env.random,
    );
    env.logger.info('recovered', {
      member: contents.identity.memberId,
      cluster: contents.identity.clusterId,
      term: contents.hardState.term,
      applied: machine.applied.index,
      last: lastIndexOf(contents),
      keys: machine.keyCount,
    });
    return {
      core,
      wal,
      state: createState({ machine, store, storeName: contents.stateStore }),
      stateOptions,
    };
  } catch (error) {
    await closeQuietly(store);
    throw error;
  }
}

/** The state holds only what was durable in the log, so a log that ends below it has lost acknowledged entries. */
function checkAgreement(contents: WalContents, applied: number, memberId: string): void {
  const last = lastIndexOf(contents);
  if (applied > last) {
    throw new QuorateError(
      'storage-corrupt',
      `member ${memberId}: the log ends at index ${last} but the state holds everything up to ${applied}: entries that ` +
        'were acknowledged are gone. Remove this member from the cluster, empty its data folder and add it anew',
    );
  }
  if (applied < contents.snapshot.index) {
    throw new QuorateError(
      'storage-corrupt',
      `member ${memberId}: the log begins after index ${contents.snapshot.index} but the state ends at ${applied}: part ` +
        'of the state is gone. Remove this member from the cluster, empty its data folder and add it anew',
    );
  }
}

function checkMember(membership: Membership, memberId: string): void {
  if (!membership.removed.includes(memberId)) return;
  throw new QuorateError(
    'invalid-configuration',
    `member ${memberId} was removed from its cluster and cannot come back under this id. To take part again, empty its ` +
      'data folder, add it anew (member add) and start it with --initial-cluster-state existing',
  );
}

/** Who belonged to the cluster at its start is known from the flags until the state has been written once. */
function checkGenesis(
  contents: WalContents,
  applied: number,
  { membership, memberId }: InitialIdentity,
): void {
  if (applied > 0 || membership.members.length > 0 || contents.snapshot.configuration.voters.length === 0)
    return;
  throw new QuorateError(
    'invalid-configuration',
    `member ${memberId} ended before it had written its state for the first time: start it once more with the ` +
      '--initial-cluster that it began with',
  );
}

function lastIndexOf(contents: WalContents): number {
  return contents.entries.at(-1)?.index ?? contents.snapshot.index;
}

function coreOptions(config: MemberConfig, contents: WalContents): Parameters<typeof createCore>[0] {
  return {
    id: contents.identity.memberId,
    electionTimeoutTicks: Math.max(2, Math.round(config.electionTimeoutMs / config.heartbeatIntervalMs)),
    heartbeatTicks: 1,
    inflightMessagesMax,
    appendSizeBytesMax,
    uncommittedSizeBytesMax,
  };
}

async function closeQuietly(store: OrderedStore): Promise<void> {
  try {
    await store.close();
  } catch {
    // The first error is the one to tell.
  }
}

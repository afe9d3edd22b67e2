import { assert, createGate, InvariantError, QuorateError } from '../base/index.js';
import {
  encodeProposal,
  validateCompact,
  validateDeleteRange,
  validatePut,
  validateRange,
  validateTxn,
} from '../mvcc/index.js';
import type {
  Alarm,
  CommandResponse,
  DeleteRangeRequest,
  RangeResponse,
  TxnOperation,
  TxnRequest,
} from '../mvcc/index.js';
import { createAuth } from './auth.js';
import { startAutoCompaction } from './auto-compaction.js';
import { recover } from './bootstrap.js';
import { createCalls } from './calls.js';
import { createCluster } from './cluster.js';
import type { MemberConfig } from './config.js';
import type { MemberContext } from './context.js';
import { createDriver } from './driver.js';
import type { Driver } from './driver.js';
import type { Env } from './env.js';
import { initialIdentity } from './identity.js';
import type { InitialIdentity } from './identity.js';
import { createLeases } from './leases.js';
import { createMaintenance } from './maintenance.js';
import { joiningOf } from './membership.js';
import { refuse, valueOf } from './outcome.js';
import { publishAttributes } from './publish.js';
import { createSnapshots } from './snapshots.js';
import type { State } from './state.js';
import type { Core } from '../raft/index.js';
import type { Member, MemberStatus } from './types.js';
import { createWatchHub } from './watches.js';

/**
 * A command over this many keys takes a while on every member. Of this member's clients one is under way at a time, so
 * that what others write comes in between. More than can wait are `too-many-requests`.
 */
const heavyCommandKeys = 10_000;
const heavyCommandsWaitingMax = 64;

/**
 * Starts a member: recovers what it has on disk, joins its peers and serves. Resolves once it takes requests (it may
 * not know a leader yet). Errors: `invalid-configuration`, `wrong-cluster`, `storage-corrupt`, `storage-failed`.
 */
export async function startMember(
  config: MemberConfig,
  env: Env,
  initial: InitialIdentity = initialIdentity(config),
): Promise<Member> {
  const recovered = await recover(env, config, initial);
  const { core, wal, state, stateOptions } = recovered;
  const snapshots = createSnapshots(env, state, stateOptions);
  const incarnation = { high: env.random.nextUint32(), low: env.random.nextUint32() };
  const id = core.status().id;
  const driver = createDriver({ id, config, env, core, wal, state, snapshots, incarnation });
  try {
    await driver.start();
  } catch (error) {
    await driver.stop(new QuorateError('stopped'));
    throw error;
  }
  const member = createMember({ config, env, core, state, driver, clusterId: initial.clusterId });
  publishAttributes({ id, config, env, state, driver });
  env.inspect?.({ core, machine: () => state.machine, observe: (observer) => driver.observe(observer) });
  return member;
}

interface MemberParts {
  readonly config: MemberConfig;
  readonly env: Env;
  readonly core: Core;
  readonly state: State;
  readonly driver: Driver;
  readonly clusterId: string;
}

function createMember(parts: MemberParts): Member {
  const { config, core, state, driver, clusterId } = parts;
  const { id } = core.status();
  const context = createContext(parts);
  const auth = createAuth(context);
  const watches = createWatchHub(context, auth);
  const maintenance = createMaintenance(context);
  const leases = createLeases(context, maintenance, auth);
  const { propose, read } = context;
  const heavyCommands = createGate({ atOnceMax: 1, waitingMax: heavyCommandsWaitingMax });
  startAutoCompaction(context, config.autoCompaction ?? null);

  async function inTurn<T>(request: DeleteRangeRequest | TxnRequest, run: () => Promise<T>): Promise<T> {
    return state.machine.estimateKeys(request) < heavyCommandKeys ? run() : heavyCommands.run(run);
  }

  /** One that was added to vote and is still catching up counts as a voter, to its clients too. */
  function isLearner(): boolean {
    return core.isLearner && !joiningOf(state.machine.membership).includes(id);
  }

  function status(): MemberStatus {
    const { role, leader, hardState, last } = core.status();
    const { machine } = state;
    return {
      id,
      clusterId,
      name: config.name,
      role,
      leader,
      isLearner: isLearner(),
      term: hardState.term,
      commitIndex: core.commit,
      appliedIndex: machine.applied.index,
      lastIndex: last.index,
      revision: machine.revision,
      compactRevision: machine.compactRevision,
      keyCount: machine.keyCount,
      quotaSizeBytes: config.limits.quotaSizeBytes,
      errors: [...(leader === null ? ['etcdserver: no leader'] : []), ...machine.alarms.map(describeAlarm)],
    };
  }

  return {
    id,
    clusterId,
    status,
    get leader() {
      return core.leader;
    },
    get isLearner() {
      return isLearner();
    },
    header: () => ({ term: core.term, revision: state.machine.revision }),
    async range(request, caller = 'trusted', isWanted) {
      refuse(validateRange(request));
      if (!request.serializable) await driver.barrier();
      refuse(state.machine.auth.checkRead(auth.current(caller), request));
      const outcome = await read(
        async (machine) => machine.rangeSync(request) ?? machine.range(request, isWanted),
      );
      return valueOf<RangeResponse>(outcome);
    },
    async put(request, caller = 'trusted') {
      maintenance.requireRoom();
      refuse(validatePut(request));
      return propose(request, 'put', caller);
    },
    async deleteRange(request, caller = 'trusted') {
      refuse(validateDeleteRange(request));
      return inTurn(request, () => propose(request, 'delete-range', caller));
    },
    async txn(request, caller = 'trusted', isWanted) {
      if (!isReadOnly(request)) {
        if (putsSomething(request)) maintenance.requireRoom();
        refuse(validateTxn(request));
        return inTurn(request, () => propose(request, 'txn', caller));
      }
      refuse(validateTxn(request));
      if (!isSerializable(request)) await driver.barrier();
      refuse(state.machine.auth.checkRead(auth.current(caller), request));
      return valueOf(await read((machine) => machine.readTxn(request, isWanted)));
    },
    async compact(request, caller = 'trusted') {
      refuse(validateCompact(request));
      const response = await propose(request, 'compact', caller);
      if (request.physical) await read((machine) => machine.compacted(request.revision));
      return response;
    },
    linearizableBarrier: () => driver.barrier(),
    watches,
    leases,
    cluster: createCluster(context),
    maintenance,
    auth,
    measures: () => driver.measures(),
    stopped: driver.stopped,
    close: () => driver.stop(new QuorateError('stopped')),
  };
}

function createContext({ config, env, core, state, driver }: MemberParts): MemberContext {
  return {
    config,
    env,
    core,
    state,
    driver,
    calls: createCalls({ config, env, core, driver }),
    async propose(command, type, caller) {
      const bytes = encodeProposal({ command, caller });
      if (bytes.length > config.limits.requestSizeBytesMax) throw new QuorateError('request-too-large');
      const response = await driver.propose(bytes);
      assert(isOf(response, type), 'a response of the kind of its command');
      return response;
    },
    async read(use) {
      try {
        return await state.read(use);
      } catch (error) {
        if (isDamage(error)) driver.fail(error);
        throw error;
      }
    },
  };
}

/** As etcd writes it, which people and scripts look for. */
function describeAlarm({ memberId, alarm }: Alarm): string {
  const id = BigInt(`0x${memberId}`);
  return `${id === 0n ? '' : `memberID:${id} `}alarm:${alarm === 'no-space' ? 'NOSPACE' : 'CORRUPT'} `;
}

function isDamage(error: unknown): boolean {
  if (error instanceof QuorateError)
    return error.code === 'storage-corrupt' || error.code === 'storage-failed';
  return error instanceof InvariantError;
}

function isOf<R extends CommandResponse['type']>(
  response: CommandResponse,
  type: R,
): response is Extract<CommandResponse, { type: R }> {
  return response.type === type;
}

function everyOperation(request: TxnRequest, holds: (operation: TxnOperation) => boolean): boolean {
  const operations = [...request.success, ...request.failure];
  return operations.every((operation) =>
    operation.type === 'txn' ? everyOperation(operation, holds) : holds(operation),
  );
}

/** Such a transaction changes nothing, so it needs no entry in the log: a confirmed read does. */
function isReadOnly(request: TxnRequest): boolean {
  return everyOperation(request, (operation) => operation.type === 'range');
}

function putsSomething(request: TxnRequest): boolean {
  return !everyOperation(request, (operation) => operation.type !== 'put');
}

function isSerializable(request: TxnRequest): boolean {
  return everyOperation(request, (operation) => operation.type === 'range' && operation.serializable);
}

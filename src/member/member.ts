import { assert, InvariantError, QuorateError } from '../base/index.js';
import type { ErrorCode } from '../base/index.js';
import {
  encodeCommand,
  validateCompact,
  validateDeleteRange,
  validatePut,
  validateRange,
  validateTxn,
} from '../mvcc/index.js';
import type {
  Command,
  CommandResponse,
  Outcome,
  RangeResponse,
  StateMachine,
  TxnOperation,
  TxnRequest,
} from '../mvcc/index.js';
import { recover } from './bootstrap.js';
import type { MemberConfig } from './config.js';
import { createDriver } from './driver.js';
import type { Driver } from './driver.js';
import type { Env } from './env.js';
import { initialIdentity } from './identity.js';
import type { InitialIdentity } from './identity.js';
import { publishAttributes } from './publish.js';
import { createSnapshots } from './snapshots.js';
import type { State } from './state.js';
import type { Core } from '../raft/index.js';
import type { Member, MemberStatus } from './types.js';

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
  const member = createMember({ config, core, state, driver, clusterId: initial.clusterId });
  publishAttributes({ id, config, env, state, driver });
  return member;
}

interface MemberParts {
  readonly config: MemberConfig;
  readonly core: Core;
  readonly state: State;
  readonly driver: Driver;
  readonly clusterId: string;
}

function createMember(parts: MemberParts): Member {
  const { config, core, state, driver, clusterId } = parts;
  const { id } = core.status();

  async function propose<R extends CommandResponse['type']>(
    command: Command,
    type: R,
  ): Promise<Extract<CommandResponse, { type: R }>> {
    const bytes = encodeCommand(command);
    if (bytes.length > config.limits.requestSizeBytesMax) throw new QuorateError('request-too-large');
    const response = await driver.propose(bytes);
    assert(isOf(response, type), 'a response of the kind of its command');
    return response;
  }

  /** A read that meets damage ends the member: what it would answer next could be a lie. */
  async function read<T>(use: (machine: StateMachine) => Promise<T>): Promise<T> {
    try {
      return await state.read(use);
    } catch (error) {
      if (isDamage(error)) driver.fail(error);
      throw error;
    }
  }

  function status(): MemberStatus {
    const { role, leader, hardState, last, isLearner } = core.status();
    const { machine } = state;
    return {
      id,
      clusterId,
      name: config.name,
      role,
      leader,
      isLearner,
      term: hardState.term,
      commitIndex: core.commit,
      appliedIndex: machine.applied.index,
      lastIndex: last.index,
      revision: machine.revision,
      compactRevision: machine.compactRevision,
      keyCount: machine.keyCount,
      errors: leader === null ? ['etcdserver: no leader'] : [],
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
      return core.isLearner;
    },
    header: () => ({ term: core.term, revision: state.machine.revision }),
    databaseSize: () => read((machine) => machine.sizeBytes()),
    async range(request) {
      refuse(validateRange(request));
      if (!request.serializable) await driver.barrier();
      const outcome = await read(async (machine) => machine.rangeSync(request) ?? machine.range(request));
      return valueOf<RangeResponse>(outcome);
    },
    async put(request) {
      refuse(validatePut(request));
      return propose(request, 'put');
    },
    async deleteRange(request) {
      refuse(validateDeleteRange(request));
      return propose(request, 'delete-range');
    },
    async txn(request) {
      refuse(validateTxn(request));
      if (!isReadOnly(request)) return propose(request, 'txn');
      if (!isSerializable(request)) await driver.barrier();
      return valueOf(await read((machine) => machine.readTxn(request)));
    },
    async compact(request) {
      refuse(validateCompact(request));
      const response = await propose(request, 'compact');
      if (request.physical) await read((machine) => machine.compacted(request.revision));
      return response;
    },
    async hashKv(revision) {
      return valueOf(await read((machine) => machine.hashKv(revision)));
    },
    async members({ linearizable }) {
      if (linearizable) await driver.barrier();
      return state.machine.membership.members;
    },
    linearizableBarrier: () => driver.barrier(),
    async transferLeadership(to) {
      if (core.role !== 'leader') throw new QuorateError('not-leader');
      if (driver.step({ type: 'transfer-leadership', to }) !== null)
        throw new QuorateError('bad-leader-transferee');
      await Promise.resolve();
    },
    stopped: driver.stopped,
    close: () => driver.stop(new QuorateError('stopped')),
  };
}

function isDamage(error: unknown): boolean {
  if (error instanceof QuorateError)
    return error.code === 'storage-corrupt' || error.code === 'storage-failed';
  return error instanceof InvariantError;
}

function refuse(error: ErrorCode | null): void {
  if (error !== null) throw new QuorateError(error);
}

function valueOf<T>(outcome: Outcome<T>): T {
  if (!outcome.ok) throw new QuorateError(outcome.error);
  return outcome.value;
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

function isSerializable(request: TxnRequest): boolean {
  return everyOperation(request, (operation) => operation.type === 'range' && operation.serializable);
}

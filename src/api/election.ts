import { status } from '@grpc/grpc-js';
import { equalBytes } from '../base/index.js';
import type { Key } from '../base/index.js';
import { QuorateError } from '../base/index.js';
import { v3electionpb } from '../gen/protos.js';
import type { Member } from '../member/index.js';
import type { KeyValue, PutRequest, RangeResponse, Revision, TxnRequest } from '../mvcc/index.js';
import { toBigint, toBytes, toKey, toNumber } from './convert.js';
import { decodeRequest } from './decode.js';
import { writeKeyValue } from './encode.js';
import { GrpcError } from './errors.js';
import type { HeaderWriter } from './header.js';
import { leave } from './lock.js';
import { firstRequest, unary } from './method.js';
import type { CallStream, Method } from './method.js';
import { keysBelow, leaderBelow, leaseOf, nextEvent, plainRange, turnKey, waitForTurn } from './turn.js';
import type { Waiting } from './turn.js';
import { createWireWriter } from './wire-writer.js';

const writer = createWireWriter();

/** What a leader holds: v3electionpb.LeaderKey. */
interface Leadership {
  readonly name: Key;
  readonly key: Key;
  /** The key's create revision. */
  readonly revision: Revision;
  readonly lease: bigint;
}

/** v3electionpb.Election: the leader is the oldest key below the election's name; its value is what it proclaims. */
export function electionMethods(member: Member, header: HeaderWriter): readonly Method[] {
  return [
    unary(member, '/v3electionpb.Election/Campaign', {
      decode(bytes) {
        const { name, lease, value } = decodeRequest(v3electionpb.CampaignRequest, bytes);
        return { name: toKey(name), lease: toBigint(lease), value: toBytes(value) };
      },
      async handle(request, caller, signal) {
        const { leadership, revision } = await campaign({ member, caller, signal }, request);
        writeLeadership(leadership);
        header(writer, revision);
        return writer.finish();
      },
    }),
    unary(member, '/v3electionpb.Election/Proclaim', {
      decode(bytes) {
        const { leader, value } = decodeRequest(v3electionpb.ProclaimRequest, bytes);
        return { leadership: toLeadership(leader), value: toBytes(value) };
      },
      async handle({ leadership, value }, caller, signal) {
        const revision = await proclaim({ member, caller, signal }, leadership, value);
        header(writer, revision);
        return writer.finish();
      },
    }),
    unary(member, '/v3electionpb.Election/Leader', {
      decode: (bytes) => toKey(decodeRequest(v3electionpb.LeaderRequest, bytes).name),
      async handle(name, caller, signal) {
        const { leader, revision } = await leaderBelow({ member, caller, signal }, `${name}/`);
        if (leader === null) throw new GrpcError(status.UNKNOWN, 'election: no leader');
        return encodeLeader(header, leader, revision);
      },
    }),
    unary(member, '/v3electionpb.Election/Resign', {
      decode: (bytes) => toLeadership(decodeRequest(v3electionpb.ResignRequest, bytes).leader),
      async handle({ key, revision }, caller) {
        const answer = await member.txn(
          whileLeading(key, revision, { type: 'delete-range', key, rangeEnd: null, prevKv: false }),
          caller,
        );
        header(writer, answer.revision);
        return writer.finish();
      },
    }),
    {
      type: 'stream',
      direction: 'server',
      path: '/v3electionpb.Election/Observe',
      async handle(call) {
        const bytes = await firstRequest(call);
        const name = toKey(decodeRequest(v3electionpb.LeaderRequest, bytes).name);
        const caller = await member.auth.callerOf(call.context.credentials);
        await observe(call, { member, caller, signal: call.signal }, `${name}/`, header);
      },
    },
  ];
}

interface Candidacy {
  readonly name: Key;
  readonly lease: bigint;
  readonly value: Uint8Array;
}

async function campaign(
  waiting: Waiting,
  { name, lease: givenLease, value }: Candidacy,
): Promise<{ readonly leadership: Leadership; readonly revision: Revision }> {
  const { member, caller } = waiting;
  const lease = await leaseOf(waiting, givenLease);
  const prefix = `${name}/`;
  const key = turnKey(prefix, lease);
  const answer = await member.txn(
    {
      type: 'txn',
      compare: [{ key, rangeEnd: null, result: 'equal', target: { type: 'create', revision: 0 } }],
      success: [putOf(key, value, lease)],
      failure: [{ ...plainRange, key, rangeEnd: null }],
    },
    caller,
  );
  const [own] = answer.responses;
  const earlier = own?.type === 'range' ? own.kvs[0] : undefined;
  const leadership = { name, key, lease, revision: earlier?.createRevision ?? answer.revision };
  let now: RangeResponse;
  try {
    // The same candidate, back again: it may have something new to say.
    if (earlier !== undefined && !equalBytes(earlier.value, value))
      await proclaim(waiting, leadership, value);
    await waitForTurn(waiting, prefix, leadership.revision);
    now = await member.range({ ...plainRange, key, rangeEnd: null }, caller);
  } catch (error) {
    await leave(waiting, key, leadership.revision);
    throw error;
  }
  if (now.kvs[0]?.createRevision !== leadership.revision) {
    throw new GrpcError(status.UNKNOWN, 'election: session expired');
  }
  return { leadership, revision: answer.revision };
}

async function proclaim(
  { member, caller }: Waiting,
  { key, revision, lease }: Leadership,
  value: Uint8Array,
): Promise<Revision> {
  const answer = await member.txn(whileLeading(key, revision, putOf(key, value, lease)), caller);
  if (!answer.succeeded) throw new GrpcError(status.UNKNOWN, 'election: not leader');
  return answer.revision;
}

/** Every proclamation of every leader from now on, the present one first. */
async function observe(call: CallStream, waiting: Waiting, prefix: Key, header: HeaderWriter): Promise<void> {
  const tell = async (leader: KeyValue, revision: Revision): Promise<void> => {
    if (!call.send(encodeLeader(header, leader, revision))) await call.drained();
  };
  try {
    for (;;) {
      const { leader, revision } = await leaderBelow(waiting, prefix);
      if (leader === null) {
        await nextEvent(waiting, { ...keysBelow(prefix), noDelete: true }, revision);
        continue;
      }
      await tell(leader, revision);
      let seen = revision;
      for (;;) {
        const event = await nextEvent(waiting, { key: leader.key, rangeEnd: null }, seen);
        if (event.type === 'delete') break;
        seen = event.kv.modRevision;
        await tell(event.kv, seen);
      }
    }
  } catch (error) {
    if (error instanceof QuorateError && error.code === 'canceled') return;
    throw error;
  }
}

/** Does the operation only while the key is the one that won. */
function whileLeading(key: Key, revision: Revision, operation: TxnRequest['success'][number]): TxnRequest {
  return {
    type: 'txn',
    compare: [{ key, rangeEnd: null, result: 'equal', target: { type: 'create', revision } }],
    success: [operation],
    failure: [],
  };
}

function putOf(key: Key, value: Uint8Array, lease: bigint): PutRequest {
  return { type: 'put', key, value, lease, prevKv: false, ignoreValue: false, ignoreLease: false };
}

function toLeadership(message: v3electionpb.LeaderKey.$Properties | null | undefined): Leadership {
  if (message === null || message === undefined) throw new QuorateError('leader-key-missing');
  return {
    name: toKey(message.name),
    key: toKey(message.key),
    revision: toNumber(message.rev),
    lease: toBigint(message.lease),
  };
}

function writeLeadership({ name, key, revision, lease }: Leadership): void {
  const mark = writer.mark();
  writer.bigint(0x20, lease);
  writer.number(0x18, revision);
  writer.latin1(0x12, key);
  writer.latin1(0x0a, name);
  writer.message(0x12, mark);
}

function encodeLeader(header: HeaderWriter, leader: KeyValue, revision: Revision): Buffer {
  writeKeyValue(writer, 0x12, leader);
  header(writer, revision);
  return writer.finish();
}

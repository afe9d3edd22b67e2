import { emptyBytes, QuorateError } from '../base/index.js';
import type { Key } from '../base/index.js';
import { v3lockpb } from '../gen/protos.js';
import type { Member } from '../member/index.js';
import type { RangeResponse, Revision, TxnRequest } from '../mvcc/index.js';
import { status } from '@grpc/grpc-js';
import { toBigint, toKey } from './convert.js';
import { decodeRequest } from './decode.js';
import { GrpcError } from './errors.js';
import type { HeaderWriter } from './header.js';
import { unary } from './method.js';
import type { Method } from './method.js';
import { firstBelow, leaseOf, plainRange, turnKey, waitForTurn } from './turn.js';
import type { Waiting } from './turn.js';
import { createWireWriter } from './wire-writer.js';

const writer = createWireWriter();

/**
 * v3lockpb.Lock: the owner of a lock is the oldest key below its name. The key's create revision only grows from owner
 * to owner, so it is the fencing token (docs/locks.md).
 */
export function lockMethods(member: Member, header: HeaderWriter): readonly Method[] {
  return [
    unary(member, '/v3lockpb.Lock/Lock', {
      decode(bytes) {
        const { name, lease } = decodeRequest(v3lockpb.LockRequest, bytes);
        return { name: toKey(name), lease: toBigint(lease) };
      },
      async handle({ name, lease }, caller, signal) {
        const { key, revision } = await lock({ member, caller, signal }, name, lease);
        writer.latin1(0x12, key);
        header(writer, revision);
        return writer.finish();
      },
    }),
    unary(member, '/v3lockpb.Lock/Unlock', {
      decode: (bytes) => toKey(decodeRequest(v3lockpb.UnlockRequest, bytes).key),
      async handle(key, caller) {
        const request = { type: 'delete-range', key, rangeEnd: null, prevKv: false } as const;
        const { revision } = await member.deleteRange(request, caller);
        header(writer, revision);
        return writer.finish();
      },
    }),
  ];
}

interface Held {
  readonly key: Key;
  readonly revision: Revision;
}

async function lock(waiting: Waiting, name: Key, givenLease: bigint): Promise<Held> {
  const { member, caller } = waiting;
  const lease = await leaseOf(waiting, givenLease);
  const prefix = `${name}/`;
  const key = turnKey(prefix, lease);
  const { succeeded, responses, revision } = await member.txn(enter(prefix, key, lease), caller);
  const [own, first] = responses;
  const owner = first?.type === 'range' ? first.kvs[0] : undefined;
  const ownRevision = succeeded ? revision : own?.type === 'range' ? (own.kvs[0]?.createRevision ?? 0) : 0;
  if (owner === undefined || owner.createRevision === ownRevision) return { key, revision };
  let now: RangeResponse;
  try {
    await waitForTurn(waiting, prefix, ownRevision);
    // The lease may have ended while this one waited: then the turn is somebody else's.
    now = await member.range({ ...plainRange, key, rangeEnd: null }, caller);
  } catch (error) {
    await leave(waiting, key, ownRevision);
    throw error;
  }
  if (now.kvs[0]?.createRevision !== ownRevision) throw sessionExpired();
  return { key, revision: now.revision };
}

/** Puts the caller's key at the end of the queue, unless it is in it already, and tells who is at its front. */
function enter(prefix: Key, key: Key, lease: bigint): TxnRequest {
  const front = firstBelow(prefix);
  const put = {
    type: 'put',
    key,
    value: emptyBytes,
    lease,
    prevKv: false,
    ignoreValue: false,
    ignoreLease: false,
  } as const;
  return {
    type: 'txn',
    compare: [{ key, rangeEnd: null, result: 'equal', target: { type: 'create', revision: 0 } }],
    success: [put, front],
    failure: [{ ...plainRange, key, rangeEnd: null }, front],
  };
}

/**
 * Nobody waits for the turn any more, so nobody may get it. What this call has put there it takes away, also when the
 * caller's user is gone by now or may no longer write. Best effort: otherwise the lease ends it.
 */
export async function leave({ member }: Waiting, key: Key, createRevision: Revision): Promise<void> {
  const request: TxnRequest = {
    type: 'txn',
    compare: [{ key, rangeEnd: null, result: 'equal', target: { type: 'create', revision: createRevision } }],
    success: [{ type: 'delete-range', key, rangeEnd: null, prevKv: false }],
    failure: [],
  };
  try {
    await member.txn(request, 'trusted');
  } catch (error) {
    if (!(error instanceof QuorateError)) throw error;
  }
}

function sessionExpired(): GrpcError {
  return new GrpcError(status.UNKNOWN, 'mutex: session is expired');
}

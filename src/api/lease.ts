import { etcdserverpb } from '../gen/protos.js';
import type { Member } from '../member/index.js';
import { toBigint, toNumber } from './convert.js';
import { decodeRequest } from './decode.js';
import {
  encodeLeaseGrantResponse,
  encodeLeaseKeepAliveResponse,
  encodeLeaseLeasesResponse,
  encodeLeaseRevokeResponse,
  encodeLeaseTimeToLiveResponse,
} from './encode-lease.js';
import type { HeaderWriter } from './header.js';
import { unary } from './method.js';
import type { CallStream, Method } from './method.js';

/** Renewals of one stream that wait for their answer. */
const renewalsMax = 256;

/** etcdserverpb.Lease, whole. */
export function leaseMethods(member: Member, header: HeaderWriter): readonly Method[] {
  const { leases } = member;
  return [
    unary(member, '/etcdserverpb.Lease/LeaseGrant', {
      decode(bytes) {
        const { ID, TTL } = decodeRequest(etcdserverpb.LeaseGrantRequest, bytes);
        return { id: toBigint(ID), ttlSeconds: toNumber(TTL) };
      },
      handle: async (request, caller) =>
        encodeLeaseGrantResponse(header, await leases.grant(request, caller)),
    }),
    unary(member, '/etcdserverpb.Lease/LeaseRevoke', {
      decode: (bytes) => toBigint(decodeRequest(etcdserverpb.LeaseRevokeRequest, bytes).ID),
      handle: async (id, caller) =>
        encodeLeaseRevokeResponse(header, (await leases.revoke(id, caller)).revision),
    }),
    {
      type: 'stream',
      path: '/etcdserverpb.Lease/LeaseKeepAlive',
      direction: 'both',
      handle: (call) => keepAlive(member, header, call),
    },
    unary(member, '/etcdserverpb.Lease/LeaseTimeToLive', {
      decode(bytes) {
        const { ID, keys } = decodeRequest(etcdserverpb.LeaseTimeToLiveRequest, bytes);
        return { id: toBigint(ID), keys };
      },
      async handle({ id, keys }, caller) {
        const lease = await leases.timeToLive(id, { keys }, caller);
        return encodeLeaseTimeToLiveResponse(header, member.header().revision, id, lease);
      },
    }),
    unary(member, '/etcdserverpb.Lease/LeaseLeases', {
      decode: (bytes) => decodeRequest(etcdserverpb.LeaseLeasesRequest, bytes),
      async handle(_request, caller) {
        const ids = await leases.list(caller);
        return encodeLeaseLeasesResponse(header, member.header().revision, ids);
      },
    }),
  ];
}

/**
 * Answers in the order of the requests, as etcd does, but renews ahead: a client that sends many at once does not wait
 * for a round between the members for each. The first renewal that fails ends the stream.
 */
async function keepAlive(member: Member, header: HeaderWriter, call: CallStream): Promise<void> {
  let waiting = 0;
  let wake: () => void = () => undefined;
  let fail: (error: unknown) => void = () => undefined;
  const failed = new Promise<never>((_resolve, reject) => (fail = reject));

  /** Who asks is found out for each: a stream may outlive its token. */
  async function renew(id: bigint): Promise<number> {
    return member.leases.keepAlive(id, await member.auth.callerOf(call.context.credentials));
  }

  async function answer(id: bigint, before: Promise<void>): Promise<void> {
    const renewal = renew(id);
    renewal.catch(fail); // At once, whatever the ones before it are waiting for.
    await before;
    const ttlSeconds = await renewal;
    const { revision } = member.header();
    if (!call.send(encodeLeaseKeepAliveResponse(header, { id, ttlSeconds, revision }))) await call.drained();
    waiting -= 1;
    wake();
  }

  async function answerAll(): Promise<void> {
    let last: Promise<void> = Promise.resolve();
    for await (const bytes of call.requests) {
      waiting += 1;
      last = answer(toBigint(decodeRequest(etcdserverpb.LeaseKeepAliveRequest, bytes).ID), last);
      last.catch(fail);
      while (waiting >= renewalsMax) await new Promise<void>((resolve) => (wake = resolve));
    }
    await last;
  }

  await Promise.race([answerAll(), failed]);
}

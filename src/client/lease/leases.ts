import { randomBytes } from 'node:crypto';

import { etcdserverpb } from '../../gen/protos.js';
import type { CallOptions, Connection } from '../connection.js';
import { leaseIdOf, toBigInt, toNumber, wireLease } from '../entry.js';
import type { LeaseLike } from '../entry.js';
import { ClientError, passing } from '../errors.js';
import { createLeaseKeeper } from './keeper.js';
import { createLease } from './lease.js';
import type { Lease, LeaseTime } from './lease.js';

export interface LeaseOptions extends CallOptions {
  /** Default: a random one, so that granting it again does no harm. */
  readonly id?: bigint | undefined;
}

export interface GrantedLease {
  readonly id: bigint;
  /** At least what was asked for. */
  readonly ttlSeconds: number;
}

/** Leases: times that keys hang on. */
export interface Leases {
  /** Grants a lease of at least this many seconds and renews it until it is revoked, lost, or the client closed. */
  lease(ttlSeconds: number, options?: LeaseOptions): Promise<Lease>;
  /** Grants a lease that nobody renews unless told to: for a program that hands it on, or wants it to end. */
  grantLease(ttlSeconds: number, options?: LeaseOptions): Promise<GrantedLease>;
  /**
   * Renews a lease that is there already from now on, as `lease` does with its own. Undefined: there is none. Throws
   * `lease-exists` if this client renews it already.
   */
  keepLease(lease: LeaseLike, options?: Pick<CallOptions, 'signal'>): Promise<Lease | undefined>;
  /** The ids of all that there are. */
  leases(options?: CallOptions): Promise<readonly bigint[]>;
  /** Ends any lease and deletes its keys. Fine if there is none. */
  revokeLease(lease: LeaseLike, options?: CallOptions): Promise<void>;
  /** Undefined: there is no such lease. */
  leaseTimeToLive(
    lease: LeaseLike,
    options?: CallOptions & { readonly keys?: boolean },
  ): Promise<LeaseTime | undefined>;
  /** Renews any lease once: the seconds it has, or undefined if there is none. */
  renewLease(lease: LeaseLike, options?: CallOptions): Promise<number | undefined>;
}

/** Members that are asked to renew a lease once, each in turn. */
const renewalTriesMax = 3;
/** How long each of them may take. */
const renewalMs = 3000;

export function createLeases(connection: Connection): Leases {
  const keeper = createLeaseKeeper(connection, async (id) => (await renewLease(id)) ?? 0);

  async function grant(ttlSeconds: number, options: LeaseOptions): Promise<GrantedLease> {
    if (!Number.isFinite(ttlSeconds) || ttlSeconds <= 0)
      throw new ClientError(
        'invalid-argument',
        `a lease has a positive number of seconds, not ${ttlSeconds}`,
      );
    const id = options.id === undefined ? randomId() : BigInt.asIntN(64, options.id);
    return { id, ttlSeconds: await grantId(id, Math.ceil(ttlSeconds), options) };
  }

  /** `askedAtMs`: before the grant or the renewal that its time counts from. */
  function keep({ id, ttlSeconds }: GrantedLease, askedAtMs: number): Lease {
    return createLease({
      id,
      ttlSeconds,
      askedAtMs,
      keeper,
      revoke: (call) => revokeLease(id, call),
      timeToLive: (call) => leaseTimeToLive(id, call),
    });
  }

  async function keepLease(
    lease: LeaseLike,
    options?: Pick<CallOptions, 'signal'>,
  ): Promise<Lease | undefined> {
    const askedAtMs = performance.now();
    const id = leaseIdOf(lease);
    const ttlSeconds = await renewLease(id, options);
    if (ttlSeconds === undefined) return undefined;
    if (keeper.keeps(id)) throw new ClientError('lease-exists', 'keepLease: this client renews it already');
    return keep({ id, ttlSeconds }, askedAtMs);
  }

  async function grantId(id: bigint, ttlSeconds: number, options: LeaseOptions): Promise<number> {
    const message = etcdserverpb.LeaseGrantRequest.encode({ TTL: ttlSeconds, ID: wireLease(id) }).finish();
    const kind = options.id === undefined ? 'repeatable' : 'write';
    const request = { name: 'lease', path: '/etcdserverpb.Lease/LeaseGrant', message, kind } as const;
    try {
      const response = etcdserverpb.LeaseGrantResponse.decode(await connection.call(request, options));
      return toNumber(response.TTL);
    } catch (error) {
      // Nobody else draws this number: an earlier try got through, and its answer did not.
      const isOurs =
        options.id === undefined && error instanceof ClientError && error.code === 'lease-exists';
      if (!isOurs) throw error;
      const lease = await leaseTimeToLive(id, options);
      if (lease === undefined) throw error;
      return lease.grantedSeconds;
    }
  }

  async function revokeLease(lease: LeaseLike, options?: CallOptions): Promise<void> {
    const message = etcdserverpb.LeaseRevokeRequest.encode({ ID: wireLease(leaseIdOf(lease)) }).finish();
    const path = '/etcdserverpb.Lease/LeaseRevoke';
    try {
      await connection.call({ name: 'revoke', path, message, kind: 'repeatable' }, options);
    } catch (error) {
      if (!(error instanceof ClientError && error.code === 'lease-not-found')) throw error;
    }
  }

  async function leaseTimeToLive(
    lease: LeaseLike,
    options: CallOptions & { readonly keys?: boolean } = {},
  ): Promise<LeaseTime | undefined> {
    const asked = { ID: wireLease(leaseIdOf(lease)), keys: options.keys ?? false };
    const message = etcdserverpb.LeaseTimeToLiveRequest.encode(asked).finish();
    const path = '/etcdserverpb.Lease/LeaseTimeToLive';
    const request = { name: 'timeToLive', path, message, kind: 'read' } as const;
    const response = etcdserverpb.LeaseTimeToLiveResponse.decode(await connection.call(request, options));
    const ttlSeconds = toNumber(response.TTL);
    if (ttlSeconds < 0) return undefined;
    return { ttlSeconds, grantedSeconds: toNumber(response.grantedTTL), keys: response.keys };
  }

  async function renewLease(lease: LeaseLike, options: CallOptions = {}): Promise<number | undefined> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await renewOn(leaseIdOf(lease), options.signal);
      } catch (error) {
        const isPassing = error instanceof ClientError && passing.has(error.code);
        if (!isPassing || attempt >= renewalTriesMax) throw error;
      }
    }
  }

  async function renewOn(id: bigint, signal: AbortSignal | undefined): Promise<number | undefined> {
    const path = '/etcdserverpb.Lease/LeaseKeepAlive';
    const stream = await connection.openStream({ name: 'keepAlive', path, signal });
    stream.send(etcdserverpb.LeaseKeepAliveRequest.encode({ ID: wireLease(id) }).finish());
    stream.end();
    const timer = setTimeout(() => stream.abandon('no answer to a renewal in time'), renewalMs);
    try {
      for await (const message of stream.messages) {
        const ttlSeconds = toNumber(etcdserverpb.LeaseKeepAliveResponse.decode(message).TTL);
        return ttlSeconds > 0 ? ttlSeconds : undefined;
      }
    } finally {
      clearTimeout(timer);
    }
    throw new ClientError('unavailable', 'keepAlive: the member ended the stream');
  }

  return {
    async lease(ttlSeconds, options = {}) {
      const askedAtMs = performance.now();
      return keep(await grant(ttlSeconds, options), askedAtMs);
    },
    grantLease: (ttlSeconds, options = {}) => grant(ttlSeconds, options),
    keepLease,
    async leases(options) {
      const message = etcdserverpb.LeaseLeasesRequest.encode({}).finish();
      const path = '/etcdserverpb.Lease/LeaseLeases';
      const answer = await connection.call({ name: 'leases', path, message, kind: 'read' }, options);
      return etcdserverpb.LeaseLeasesResponse.decode(answer).leases.map(({ ID }) => toBigInt(ID));
    },
    revokeLease,
    leaseTimeToLive,
    renewLease,
  };
}

/** Of 63 bits, never 0: the same range that members draw theirs from. */
function randomId(): bigint {
  return BigInt.asUintN(63, randomBytes(8).readBigUInt64BE()) || 1n;
}

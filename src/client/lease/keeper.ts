import { messageOf } from '../../base/index.js';
import { etcdserverpb } from '../../gen/protos.js';
import type { Connection } from '../connection.js';
import { toBigInt, toNumber, wireLease } from '../entry.js';
import { ClientError } from '../errors.js';
import { backoffMs, pause } from '../pause.js';
import type { WireStream } from '../stream.js';

/** A lease that is to be renewed, as the keeper sees it. */
export interface KeptLease {
  readonly id: bigint;
  /** A member has renewed it at some time after `sentAtMs`; 0 seconds: there is no such lease any more. */
  renewed(sentAtMs: number, ttlSeconds: number): void;
  /** It cannot be renewed by this client. */
  failed(error: ClientError): void;
}

/** Renews all leases of a client over one stream, each when a third of its time is over. */
export interface LeaseKeeper {
  keep(lease: KeptLease, ttlSeconds: number): void;
  forget(lease: KeptLease): void;
  keeps(id: bigint): boolean;
}

/** Longest wait for an answer to a renewal before another member is asked. */
const answerMsMax = 5000;
/** What a timer can hold: longer times are waited for in parts. */
export const timerMsMax = 2 ** 31 - 1;

interface Entry {
  readonly lease: KeptLease;
  thirdMs: number;
  /** When the renewal under way was sent, on the stream of now. */
  sentAtMs: number | undefined;
  isDue: boolean;
  timer: NodeJS.Timeout;
}

/** Asks for the renewal of one lease, once. Resolves with the seconds it has; 0: there is no such lease. */
export type RenewOnce = (id: bigint) => Promise<number>;

export function createLeaseKeeper(connection: Connection, renewOnce: RenewOnce): LeaseKeeper {
  const entries = new Map<bigint, Entry>();
  let stream: WireStream | undefined;
  let isRunning = false;
  let idle = new AbortController();

  async function run(): Promise<void> {
    for (let failures = 0; entries.size > 0;) {
      const { signal } = idle;
      try {
        await runStream(signal, () => (failures = 0));
      } catch (error) {
        if (signal.aborted) continue;
        for (const entry of entries.values()) makeDue(entry);
        const { code } = asClientError(error);
        if (code === 'canceled') failAll(asClientError(error));
        if (code === 'permission-denied') await renewEach();
        failures++;
        const round = failures / connection.endpoints.length;
        if (Number.isInteger(round)) await pause(backoffMs(round), signal);
      }
    }
    isRunning = false;
  }

  async function runStream(signal: AbortSignal, onAnswer: () => void): Promise<void> {
    const current = await connection.openStream({
      name: 'keepAlive',
      path: '/etcdserverpb.Lease/LeaseKeepAlive',
      metadata: { hasleader: 'true' },
      signal,
    });
    stream = current;
    try {
      for (const entry of entries.values()) if (entry.isDue) send(entry);
      for await (const message of current.messages) {
        onAnswer();
        answered(etcdserverpb.LeaseKeepAliveResponse.decode(message));
      }
      throw new ClientError('unavailable', 'keepAlive: the member ended the stream');
    } finally {
      if (stream === current) stream = undefined;
    }
  }

  function answered(response: etcdserverpb.LeaseKeepAliveResponse): void {
    const entry = entries.get(toBigInt(response.ID));
    if (entry?.sentAtMs === undefined) return;
    renewed(entry, entry.sentAtMs, toNumber(response.TTL));
  }

  function renewed(entry: Entry, sentAtMs: number, ttlSeconds: number): void {
    entry.sentAtMs = undefined;
    entry.isDue = false;
    if (ttlSeconds > 0) {
      entry.thirdMs = thirdMsOf(ttlSeconds);
      wait(entry, sentAtMs + entry.thirdMs - performance.now(), () => send(entry));
    } else forget(entry.lease);
    entry.lease.renewed(sentAtMs, ttlSeconds);
  }

  /** No more than one renewal of each lease is under way: that bounds what waits to be written. */
  function send(entry: Entry): void {
    entry.isDue = true;
    if (stream === undefined) return;
    const current = stream;
    entry.sentAtMs = performance.now();
    const request = { ID: wireLease(entry.lease.id) };
    current.send(etcdserverpb.LeaseKeepAliveRequest.encode(request).finish());
    wait(entry, Math.min(answerMsMax, entry.thirdMs), () => {
      makeDue(entry);
      current.abandon('no answer to a renewal in time');
    });
  }

  function makeDue(entry: Entry): void {
    entry.isDue ||= entry.sentAtMs !== undefined;
    entry.sentAtMs = undefined;
  }

  function wait(entry: Entry, waitMs: number, then: () => void): void {
    clearTimeout(entry.timer);
    entry.timer = setTimeout(then, Math.min(timerMsMax, Math.max(0, waitMs)));
  }

  /** A stream ends with the first renewal that is denied: to find out which it was, each is asked for by itself. */
  async function renewEach(): Promise<void> {
    for (const entry of [...entries.values()]) {
      const sentAtMs = performance.now();
      try {
        const ttlSeconds = await renewOnce(entry.lease.id);
        if (entries.get(entry.lease.id) === entry) renewed(entry, sentAtMs, ttlSeconds);
      } catch (error) {
        const failure = asClientError(error);
        if (failure.code === 'permission-denied') fail(entry, failure);
      }
    }
  }

  function fail(entry: Entry, error: ClientError): void {
    forget(entry.lease);
    entry.lease.failed(error);
  }

  function failAll(error: ClientError): void {
    for (const entry of [...entries.values()]) fail(entry, error);
  }

  function forget({ id }: KeptLease): void {
    const entry = entries.get(id);
    if (entry === undefined) return;
    clearTimeout(entry.timer);
    entries.delete(id);
    if (entries.size > 0) return;
    stream = undefined;
    idle.abort();
    idle = new AbortController();
  }

  return {
    keep(lease, ttlSeconds) {
      const thirdMs = thirdMsOf(ttlSeconds);
      const timer = setTimeout(() => send(entry), thirdMs);
      const entry: Entry = { lease, thirdMs, sentAtMs: undefined, isDue: false, timer };
      entries.set(lease.id, entry);
      if (isRunning) return;
      isRunning = true;
      run().catch((error: unknown) => failAll(asClientError(error)));
    },
    forget,
    keeps: (id) => entries.has(id),
  };
}

function thirdMsOf(ttlSeconds: number): number {
  return Math.min(timerMsMax, (ttlSeconds * 1000) / 3);
}

function asClientError(error: unknown): ClientError {
  if (error instanceof ClientError) return error;
  return new ClientError('internal', `keepAlive: ${messageOf(error)}`, { cause: error });
}

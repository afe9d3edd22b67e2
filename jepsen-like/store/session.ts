import { etcdserverpb, v3electionpb, v3lockpb } from '../../src/gen/protos.js';
import type { Request, Response } from '../history/index.js';
import { exchangeOf } from './messages.js';
import type { Recorder } from './recorder.js';
import { CallError, grpcCodes } from './transport.js';
import type { Transport } from './transport.js';
import { openWatch } from './watch.js';
import type { WatchHandle, WatchSpec } from './watch.js';
import { int64 } from './int64.js';

type RequestType = Request['type'];
type ResponseOf<Type extends RequestType> = Extract<Response, { readonly type: Type }>;

/**
 * What one client of a workload can ask of the store; each request is recorded with what came of it. Rejects with a CallError. No
 * request is ever sent twice: a retry is a new request, and the workload's own decision.
 */
export interface Session {
  /** The process that it is now. */
  readonly process: number;
  /** The member that it asks now. */
  readonly member: string;
  request<Type extends RequestType>(
    request: Extract<Request, { readonly type: Type }>,
  ): Promise<ResponseOf<Type>>;
  watch(spec: WatchSpec): WatchHandle;
  /** Waits for its turn. `key` is what `unlock` takes; `fence` the revision at which it was created. */
  lock(name: string, lease: string): Promise<{ readonly key: string; readonly fence: number }>;
  unlock(key: string): Promise<void>;
  campaign(election: string, lease: string, value: string): Promise<Leadership>;
  resign(leadership: Leadership): Promise<void>;
  /** Null: nobody leads. */
  leader(election: string): Promise<{ readonly value: string; readonly fence: number } | null>;
  /** Any other method, by its path and messages. */
  admin(path: string, message: Uint8Array): Promise<Uint8Array>;
  /** From now on it asks as this user, with a token that it gets; null: as nobody. */
  login(user: { readonly name: string; readonly password: string } | null): Promise<void>;
  /** The next request goes to the next member. */
  moveOn(): void;
  /** It goes on as a new process. */
  renew(): void;
}

export interface Leadership {
  readonly election: string;
  readonly key: string;
  readonly lease: string;
  readonly fence: number;
}

export interface SessionOptions {
  readonly transport: Transport;
  readonly recorder: Recorder;
  /** Position in `transport.members` of the member that it asks first. */
  readonly home: number;
  readonly timeoutMs: number;
  /** Locks and campaigns wait for as long as this. */
  readonly waitTimeoutMs: number;
}

export function createSession(options: SessionOptions): Session {
  const { transport, recorder, timeoutMs, waitTimeoutMs } = options;
  let place = options.home;
  let process = recorder.newProcess();
  let token: string | null = null;

  const memberNow = (): string => {
    const { members } = transport;
    const member = members[place % members.length];
    if (member === undefined) throw new CallError(grpcCodes.unavailable, 'there is no member to ask');
    return member;
  };

  async function call(path: string, message: Uint8Array, limitMs: number): Promise<Uint8Array> {
    try {
      return await transport.call(memberNow(), path, message, { timeoutMs: limitMs, token });
    } catch (error) {
      if (error instanceof CallError && error.isConnection) place += 1;
      throw error;
    }
  }

  async function request<Type extends RequestType>(
    asked: Extract<Request, { readonly type: Type }>,
  ): Promise<ResponseOf<Type>> {
    const { path, message, read } = exchangeOf(asked);
    const invoked = { process, member: memberNow(), invokedUs: recorder.nowUs(), request: asked };
    const open = { type: 'unknown', error: 'no answer by the end' } as const;
    const end = recorder.addCall({ ...invoked, completedUs: null, outcome: open });
    try {
      const value = read(await call(path, message, timeoutMs));
      end({ completedUs: recorder.nowUs(), outcome: { type: 'ok', value } });
      if (value.type !== asked.type) throw new Error(`a ${asked.type} was answered with a ${value.type}`);
      return value as ResponseOf<Type>;
    } catch (error) {
      if (!(error instanceof CallError)) throw error;
      const type = error.isRefusal || isRead(asked) ? 'failed' : 'unknown';
      end({ completedUs: recorder.nowUs(), outcome: { type, error: error.message } });
      throw error;
    }
  }

  return {
    get process() {
      return process;
    },
    get member() {
      return memberNow();
    },
    request,
    watch: (spec) => openWatch({ spec, transport, member: memberNow(), token, process, recorder }),
    async lock(name, lease) {
      const message = v3lockpb.LockRequest.encode({ name: Buffer.from(name), lease: int64(lease) });
      const answer = await call('/v3lockpb.Lock/Lock', message.finish(), waitTimeoutMs);
      const locked = v3lockpb.LockResponse.decode(answer);
      const key = Buffer.from(locked.key).toString('utf8');
      return { key, fence: await fenceOf(key, Number(locked.header?.revision ?? 0)) };
    },
    async unlock(key) {
      const message = v3lockpb.UnlockRequest.encode({ key: Buffer.from(key) }).finish();
      await call('/v3lockpb.Lock/Unlock', message, timeoutMs);
    },
    async campaign(election, lease, value) {
      const message = v3electionpb.CampaignRequest.encode({
        name: Buffer.from(election),
        lease: int64(lease),
        value: Buffer.from(value),
      });
      const answer = await call('/v3electionpb.Election/Campaign', message.finish(), waitTimeoutMs);
      const { leader } = v3electionpb.CampaignResponse.decode(answer);
      const key = Buffer.from(leader?.key ?? []).toString('utf8');
      return { election, key, lease, fence: Number(leader?.rev ?? 0) };
    },
    async resign({ election, key, lease, fence }) {
      const leader = {
        name: Buffer.from(election),
        key: Buffer.from(key),
        rev: fence,
        lease: int64(lease),
      };
      const message = v3electionpb.ResignRequest.encode({ leader }).finish();
      await call('/v3electionpb.Election/Resign', message, timeoutMs);
    },
    async leader(election) {
      const message = v3electionpb.LeaderRequest.encode({ name: Buffer.from(election) }).finish();
      try {
        const { kv } = v3electionpb.LeaderResponse.decode(
          await call('/v3electionpb.Election/Leader', message, timeoutMs),
        );
        const value = Buffer.from(kv?.value ?? []).toString('utf8');
        return { value, fence: Number(kv?.createRevision ?? 0) };
      } catch (error) {
        if (error instanceof CallError && error.message === 'election: no leader') return null;
        throw error;
      }
    },
    admin: (path, message) => call(path, message, timeoutMs),
    async login(user) {
      token = null;
      if (user === null) return;
      const message = etcdserverpb.AuthenticateRequest.encode(user).finish();
      const answer = await call('/etcdserverpb.Auth/Authenticate', message, timeoutMs);
      ({ token } = etcdserverpb.AuthenticateResponse.decode(answer));
    },
    moveOn: () => void (place += 1),
    renew: () => void (process = recorder.newProcess()),
  };

  /** The lock's answer does not say when its key came to be; a read does, and at whose revision it is still there. */
  async function fenceOf(key: string, lockedAt: number): Promise<number> {
    const range = { type: 'range', key, rangeEnd: '', revision: 0, limit: 0, serializable: false } as const;
    const { kvs } = await request<'range'>(range);
    return kvs[0]?.createRevision ?? lockedAt;
  }
}

function isRead(request: Request): boolean {
  if (request.type === 'range' || request.type === 'lease-time-to-live') return true;
  if (request.type !== 'txn') return false;
  return [...request.success, ...request.failure].every(({ type }) => type === 'range');
}

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
  /** Waits for its turn. */
  lock(name: string, lease: string): Promise<HeldLock>;
  unlock(key: string): Promise<void>;
  campaign(election: string, lease: string, value: string): Promise<Leadership>;
  resign(leadership: Leadership): Promise<void>;
  /** Null: nobody leads. */
  leader(election: string): Promise<{ readonly value: string; readonly fence: number } | null>;
  /** Who leads, and who does after that: a stream. */
  observe(election: string): Observation;
  /** Any other method, by its path and messages. */
  admin(path: string, message: Uint8Array): Promise<Uint8Array>;
  /** From now on it asks as this user, with a token that it gets; null: as nobody. */
  login(user: { readonly name: string; readonly password: string } | null): Promise<void>;
  /** The next request goes to the next member. */
  moveOn(): void;
  /** It goes on as a new process. */
  renew(): void;
}

export interface HeldLock {
  /** What `unlock` takes. */
  readonly key: string;
  /** The revision at which the key was created; 0: it was not there when the lock was granted. */
  readonly fence: number;
  /** The lowest such revision of all that wanted the lock then: whose turn it was. */
  readonly front: number;
}

export interface Observation {
  /** The next leader; null: the server ended the call. Rejects with a CallError. */
  next(): Promise<{ readonly value: string; readonly fence: number } | null>;
  cancel(): void;
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
      return { key, ...(await turnOf(name, key, Number(locked.header?.revision ?? 0))) };
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
        return leaderOf(await call('/v3electionpb.Election/Leader', message, timeoutMs));
      } catch (error) {
        if (error instanceof CallError && error.message === 'election: no leader') return null;
        throw error;
      }
    },
    observe(election) {
      const stream = transport.open(memberNow(), '/v3electionpb.Election/Observe', { token });
      stream.send(v3electionpb.LeaderRequest.encode({ name: Buffer.from(election) }).finish());
      return {
        async next() {
          const answer = await stream.next();
          return answer === null ? null : leaderOf(answer);
        },
        cancel: () => stream.cancel(),
      };
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

  /** The lock's answer does not say when its key came to be. A read of the revision at which it was granted does, and whose turn it was. */
  async function turnOf(
    name: string,
    key: string,
    revision: number,
  ): Promise<{ readonly fence: number; readonly front: number }> {
    const queue = { key: `${name}/`, rangeEnd: `${name}0` };
    const { kvs } = await request<'range'>({
      type: 'range',
      ...queue,
      revision,
      limit: 0,
      serializable: false,
    });
    return {
      fence: kvs.find((kv) => kv.key === key)?.createRevision ?? 0,
      front: kvs.length === 0 ? 0 : Math.min(...kvs.map(({ createRevision }) => createRevision)),
    };
  }
}

function leaderOf(answer: Uint8Array): { readonly value: string; readonly fence: number } {
  const { kv } = v3electionpb.LeaderResponse.decode(answer);
  return { value: Buffer.from(kv?.value ?? []).toString('utf8'), fence: Number(kv?.createRevision ?? 0) };
}

function isRead(request: Request): boolean {
  if (request.type === 'range' || request.type === 'lease-time-to-live') return true;
  if (request.type !== 'txn') return false;
  return [...request.success, ...request.failure].every(({ type }) => type === 'range');
}

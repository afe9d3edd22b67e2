import { QuorateError } from '../base/index.js';
import type { Core, NodeId } from '../raft/index.js';
import { answerReaders, isCallType, questionReaders, unreadable } from './call-types.js';
import type { CallType, CallTypes } from './call-types.js';
import { requestTimeoutMs } from './config.js';
import type { MemberConfig } from './config.js';
import type { Driver } from './driver.js';
import type { Env } from './env.js';

/** Between two tries to find a leader that answers. etcd's. */
const retryMs = 50;

type Handler<T extends CallType> = (question: CallTypes[T]['question']) => Promise<CallTypes[T]['answer']>;

/** Questions between members that do not go through the log. */
export interface Calls {
  /** From now on this part of the member answers these questions. */
  serve<T extends CallType>(type: T, handle: Handler<T>): void;
  /** Errors: what the peer refuses it with; see PeerNetwork.call. */
  ask<T extends CallType>(
    to: NodeId,
    type: T,
    question: CallTypes[T]['question'],
    timeoutMs: number,
  ): Promise<CallTypes[T]['answer']>;
  /**
   * Asks whoever leads, this member included, until the request timeout: while there is no leader, or the one that was
   * asked leads no more, it asks again. After a broken connection only if `repeatable`: it may have been done. Errors:
   * the leader's refusal; `no-leader`, `timed-out`, `stopped`, and `leader-changed` where the outcome is unknown.
   */
  askLeader<T extends CallType>(
    type: T,
    question: CallTypes[T]['question'],
    options: { readonly repeatable: boolean },
  ): Promise<CallTypes[T]['answer']>;
}

export function createCalls(parts: {
  readonly config: MemberConfig;
  readonly env: Env;
  readonly core: Core;
  readonly driver: Driver;
}): Calls {
  const { config, env, core, driver } = parts;
  const { id } = core.status();
  const handlers: { [T in CallType]?: Handler<T> } = {};
  let stopped = false;
  driver.observe({ stopped: () => (stopped = true) });
  driver.serveCalls(async (_from, request) => {
    const [type, question] = decode(request);
    return encode(await answer(type, question));
  });

  async function answer<T extends CallType>(type: T, question: unknown): Promise<CallTypes[T]['answer']> {
    const handle: Handler<T> | undefined = handlers[type];
    if (handle === undefined) throw unreadable();
    return handle(questionReaders[type](question));
  }

  async function ask<T extends CallType>(
    to: NodeId,
    type: T,
    question: CallTypes[T]['question'],
    timeoutMs: number,
  ): Promise<CallTypes[T]['answer']> {
    const reply = await env.network.call(to, encode([type, question]), timeoutMs);
    return answerReaders[type](parse(reply));
  }

  return {
    serve(type, handle) {
      Object.assign(handlers, { [type]: handle });
    },
    ask,
    async askLeader(type, question, { repeatable }) {
      const deadlineMs = env.monotonicMs() + requestTimeoutMs(config);
      for (;;) {
        const { leader } = core;
        try {
          if (leader === id) return await answer(type, question);
          if (leader !== null) return await ask(leader, type, question, deadlineMs - env.monotonicMs());
        } catch (error) {
          if (!isWorthRetrying(error, repeatable)) throw outcomeUnknown(error);
        }
        if (stopped) throw new QuorateError('stopped');
        if (env.monotonicMs() + retryMs >= deadlineMs)
          throw new QuorateError(core.leader === null ? 'no-leader' : 'timed-out');
        await new Promise<void>((resolve) => env.after(retryMs, resolve));
      }
    },
  };
}

/** Whoever was asked did not do it: it was not reached, or leads no more. */
function isWorthRetrying(error: unknown, repeatable: boolean): boolean {
  if (!(error instanceof QuorateError)) return false;
  if (error.code === 'not-leader' || error.code === 'unavailable' || error.code === 'no-leader') return true;
  // A leader that stops is followed by another one.
  return (
    repeatable && (error.code === 'canceled' || error.code === 'leader-changed' || error.code === 'stopped')
  );
}

function outcomeUnknown(error: unknown): unknown {
  const broken = error instanceof QuorateError && error.code === 'canceled';
  return broken ? new QuorateError('leader-changed', error.message, { cause: error }) : error;
}

function encode(value: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(value), 'utf8');
}

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch (error) {
    throw new QuorateError('internal', unreadable().message, { cause: error });
  }
}

function decode(bytes: Uint8Array): readonly [CallType, unknown] {
  const message = parse(bytes);
  if (!Array.isArray(message)) throw unreadable();
  const [type, question] = message as readonly unknown[];
  if (!isCallType(type)) throw unreadable();
  return [type, question];
}

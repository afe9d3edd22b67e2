import { messageOf } from '../../src/base/index.js';
import type { Operation, Outcome } from '../history/index.js';
import { CallError, createSession } from '../store/index.js';
import type { Recorder, Session, Transport, WatchHandle, WatchSpec } from '../store/index.js';
import type { ChurnControl, Client, FollowHandle, Intent, OperationKind, Result } from './types.js';

/** A client as whoever runs it sees it. */
export interface RunningClient extends Client {
  /** Begins the ending: sleeps wake, watches end. Resolves when all that ran beside the actions is over; rejects with what it threw. */
  end(): Promise<void>;
  /** Ends it without waiting for anything. */
  abandon(): void;
}

export interface ClientOptions {
  readonly number: number;
  readonly transport: Transport;
  readonly recorder: Recorder;
  /** Position of the member that it asks first. */
  readonly home: number;
  readonly timeoutMs: number;
  readonly waitTimeoutMs: number;
  readonly clock: Clock;
  /** Left out: the membership stays as it is. */
  readonly churn?: ChurnControl;
}

export interface Clock {
  nowUs(): number;
  sleep(ms: number): Promise<void>;
}

/** Before a watch that broke is asked for again. */
const followRetryMs = 100;

export function createClient(options: ClientOptions): RunningClient {
  const { number, recorder, clock } = options;
  const session = createSession(options);
  const running = new Set<Promise<void>>();
  const followed = new Set<FollowHandle>();
  let isEnding = false;
  let wake: () => void = () => undefined;
  const ending = new Promise<void>((resolve) => (wake = resolve));

  async function sleep(ms: number): Promise<void> {
    if (!isEnding) await Promise.race([clock.sleep(ms), ending]);
  }

  function background(work: () => Promise<void>): void {
    const done = work().catch((error: unknown) => {
      if (!(error instanceof CallError)) throw error;
    });
    running.add(done);
    done.then(
      () => running.delete(done),
      () => undefined, // Told by `end`.
    );
  }

  function follow(spec: WatchSpec): FollowHandle {
    const own = createSession({ ...options, home: options.home + 1 });
    let current: WatchHandle | null = null;
    let canceled = false;
    let paused = false;
    let nextRevision = spec.startRevision;
    const handle: FollowHandle = {
      get current() {
        return current;
      },
      get nextRevision() {
        return Math.max(nextRevision, current?.nextRevision ?? 0);
      },
      requestProgress: () => current?.requestProgress(),
      pause() {
        paused = true;
        current?.pause();
      },
      resume() {
        paused = false;
        current?.resume();
      },
      cancel() {
        canceled = true;
        current?.cancel();
      },
    };
    followed.add(handle);
    background(async () => {
      for (let last: WatchHandle | null = null; !canceled;) {
        const again: WatchSpec =
          last === null ? spec : { ...spec, startRevision: handle.nextRevision, resumes: last.log.id };
        current = own.watch(again);
        last = current;
        if (paused) current.pause();
        const how = await current.ended;
        nextRevision = Math.max(nextRevision, current.nextRevision);
        if (how !== 'broken') break;
        own.moveOn();
        await clock.sleep(followRetryMs);
      }
      followed.delete(handle);
    });
    return handle;
  }

  async function operation<Kind extends OperationKind>(
    intent: Intent<Kind>,
    work: () => Promise<Result<Kind>>,
    { session: by = session, isRead = false }: { readonly session?: Session; readonly isRead?: boolean } = {},
  ): Promise<Outcome<Result<Kind>>> {
    const invoked = { process: by.process, invokedUs: recorder.nowUs() };
    const record = (outcome: Outcome<Result<Kind>>, completedUs: number | null): Operation => {
      const whole: unknown = { ...intent, ...invoked, completedUs, outcome };
      return whole as Operation; // An intent and an outcome of the same kind.
    };
    const end = recorder.addOperation(record({ type: 'unknown', error: 'no answer by the end' }, null));
    const outcome = await outcomeOf(work, isRead);
    end(record(outcome, recorder.nowUs()));
    if (outcome.type === 'unknown') by.renew();
    return outcome;
  }

  function beginEnding(): void {
    isEnding = true;
    wake();
    for (const handle of [...followed]) {
      handle.resume();
      handle.cancel();
    }
  }

  return {
    number,
    session,
    newSession: () => createSession({ ...options, home: options.home + 1 }),
    operation,
    follow,
    sleep,
    nowUs: () => clock.nowUs(),
    get isEnding() {
      return isEnding;
    },
    background,
    churn: options.churn ?? null,
    state: new Map(),
    async end() {
      beginEnding();
      while (running.size > 0) await Promise.all(running);
    },
    abandon: beginEnding,
  };
}

async function outcomeOf<T>(work: () => Promise<T>, isRead: boolean): Promise<Outcome<T>> {
  try {
    return { type: 'ok', value: await work() };
  } catch (error) {
    if (!(error instanceof CallError)) throw error;
    return { type: error.isRefusal || isRead ? 'failed' : 'unknown', error: messageOf(error) };
  }
}

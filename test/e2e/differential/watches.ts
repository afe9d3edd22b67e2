import type { Fields } from './answer.js';
import { createHistory } from './history.js';
import type { History } from './history.js';
import type { Identity } from './model.js';
import { Difference } from './run.js';
import type { Run } from './run.js';
import type { Side } from './side.js';
import { openWatchStream } from './watch-stream.js';
import type { WatchStream } from './watch-stream.js';

export interface WatchPlan {
  /** As in the request: bytes as latin-1. */
  readonly key: string;
  readonly rangeEnd: string;
  readonly startRevision: number;
  readonly filters: readonly ('NOPUT' | 'NODELETE')[];
  readonly prevKv: boolean;
  readonly progressNotify: boolean;
  readonly fragment: boolean;
  /** 0: the server chooses. */
  readonly watchId: string;
}

/** The same stream on both systems. */
export interface StreamPair {
  readonly member: number;
  readonly as: Identity;
  readonly reference: WatchStream;
  readonly subject: WatchStream;
  /** By their ids; those that run. */
  readonly running: Map<string, RunningWatch>;
  /** Ids of those that only one of the systems has ended, as it may. */
  readonly lost: Set<string>;
}

interface RunningWatch {
  readonly plan: WatchPlan;
  /** The first revision that it tells. */
  readonly from: number;
  /** When it began to tell the past; null when it did not have to. */
  readonly pastSince: number | null;
  /** How many of its answers had come when it began: an id may be used again. */
  readonly logStart: number;
}

interface CreatedFields {
  readonly watchId?: string;
  readonly header?: { readonly revision?: string };
}

/** All watches of one run. */
export interface WatchDesk {
  readonly streams: readonly StreamPair[];
  /** Begins to keep the whole history beside, from which is known what each watch must be told. Before anything is written. */
  start(): Promise<void>;
  open(as: Identity): StreamPair;
  create(pair: StreamPair, plan: WatchPlan): Promise<void>;
  cancel(pair: StreamPair, id: string): Promise<void>;
  progress(pair: StreamPair): Promise<void>;
  end(pair: StreamPair): Promise<void>;
  /** Waits until each watch has been told all that happened, and compares what both were told. */
  settle(): Promise<void>;
  /** Waits until no watch can still be on its way through the past: a compaction would end it, or not. */
  passThePast(): Promise<void>;
  close(): void;
}

const timeoutMs = 15_000;
/** etcd turns to watches of the past every 100 ms. Nothing tells that one that has nothing to tell is through. */
const pastMs = 300;

export function createWatchDesk(runOf: () => Run): WatchDesk {
  const streams: StreamPair[] = [];
  let history: History | null = null;

  const sidesOf = (pair: StreamPair): readonly WatchStream[] => [pair.reference, pair.subject];

  /** Waits for a condition on both streams; whatever comes wakes it. */
  async function waitFor(
    pair: StreamPair,
    what: string,
    isDone: (stream: WatchStream) => boolean,
  ): Promise<void> {
    const outcomes = await Promise.all(
      sidesOf(pair).map((stream) => stream.until(() => isDone(stream), timeoutMs)),
    );
    if (outcomes.every(Boolean)) return;
    const [theirs, ours] = sidesOf(pair).map((stream) => stream.describe());
    throw new Difference(
      `${what}: not within ${timeoutMs} ms (etcd ${String(outcomes[0])}, the other ${String(outcomes[1])})`,
      theirs ?? '',
      ours ?? '',
    );
  }

  async function settle(): Promise<void> {
    if (streams.length === 0 || history === null) return;
    const run = runOf();
    const revision = await history.catchUp(run);
    for (const pair of streams) {
      if (comparesEnd(pair)) continue;
      for (const [id, watch] of pair.running) {
        const expected = history.toldTo(watch.plan, watch.from, revision);
        await waitFor(
          pair,
          `watch ${id} (${JSON.stringify(watch.plan)}) from ${watch.from} to ${revision}, ${expected.length} events: ` +
            expected.map((event) => String((event['kv'] as Fields | undefined)?.['modRevision'])).join(' '),
          (stream) => isTold(stream, id, watch, expected.length),
        );
      }
      compare(pair);
    }
  }

  /** Ended by the server, or one of its watches taken away: no more to wait for. */
  function isTold(stream: WatchStream, id: string, watch: RunningWatch, eventCount: number): boolean {
    const log = stream.logOf(id).slice(watch.logStart);
    return stream.end !== null || log.some(isLast) || log.filter(isEvent).length >= eventCount;
  }

  function comparesEnd(pair: StreamPair): boolean {
    const [theirs, ours] = sidesOf(pair).map(({ end }) => end);
    if (theirs === null && ours === null) return false;
    if (theirs === ours) return true;
    throw new Difference('the end of a stream of watches', String(theirs), String(ours));
  }

  function compare(pair: StreamPair): void {
    const run = runOf();
    const ids = new Set(sidesOf(pair).flatMap((stream) => stream.ids()));
    for (const id of ids) {
      if (pair.lost.has(id)) continue;
      const [theirs, ours] = sidesOf(pair).map((stream) => stream.logOf(id));
      if (JSON.stringify(theirs) === JSON.stringify(ours)) continue;
      if (mayHaveLost(run, theirs ?? [], ours ?? [])) {
        forget(pair, id);
        continue;
      }
      throw new Difference(`watch ${id} of a stream`, pretty(theirs), pretty(ours));
    }
    for (const [id, watch] of pair.running) {
      if (pair.reference.logOf(id).slice(watch.logStart).some(isLast)) pair.running.delete(id);
    }
  }

  /** Quorate ends watches whose user may no longer read what they watch; etcd 3.4 looks only when they begin. */
  function mayHaveLost(run: Run, theirs: readonly Fields[], ours: readonly Fields[]): boolean {
    const [last] = ours.slice(-1);
    if (!run.features.auth || last === undefined || !isLast(last)) return false;
    const before = JSON.stringify(ours.slice(0, -1));
    const { cancelReason = '' } = last as { readonly cancelReason?: string };
    const isDenied = /permission denied|invalid auth token|user name/.test(cancelReason);
    if (!isDenied || before !== JSON.stringify(theirs.slice(0, ours.length - 1))) return false;
    const reason = 'watch of a user who lost the right';
    run.explained.set(reason, (run.explained.get(reason) ?? 0) + 1);
    return true;
  }

  function forget(pair: StreamPair, id: string): void {
    pair.running.delete(id);
    pair.lost.add(id);
  }

  async function create(pair: StreamPair, plan: WatchPlan): Promise<void> {
    const run = runOf();
    // etcd 3.4 asks only for the right to the first key: see `leftOut`.
    const isRoot = typeof pair.as === 'number' && run.model.tokens[pair.as] === 'root';
    if (run.model.isAuthEnabled && !isRoot && plan.rangeEnd === '\0') return;
    await run.catchUp(pair.member);
    run.note(`watch ${JSON.stringify(plan)} on a stream of ${String(pair.as)} to n${pair.member + 1}`);
    run.requestCount += 1;
    const starts = sidesOf(pair).map(
      (stream) => new Map(stream.ids().map((id) => [id, stream.logOf(id).length])),
    );
    const counts = sidesOf(pair).map((stream) => stream.createdCount());
    for (const stream of sidesOf(pair)) stream.create(plan);
    await waitFor(pair, 'a watch that was asked for', (stream) => {
      const index = stream === pair.reference ? 0 : 1;
      return stream.end !== null || stream.createdCount() > (counts[index] ?? 0);
    });
    const [theirs, ours] = sidesOf(pair).map((stream) => stream.lastCreated());
    if (JSON.stringify(theirs) !== JSON.stringify(ours)) {
      throw new Difference(run.sent.at(-1) ?? '', pretty(theirs), pretty(ours));
    }
    if (theirs === undefined || theirs === null || theirs['canceled'] === true) return;
    const { watchId: id = '0', header } = theirs as CreatedFields;
    const now = Number(header?.revision ?? run.model.revision);
    const from = plan.startRevision === 0 ? now + 1 : plan.startRevision;
    const logStart = starts[0]?.get(id) ?? 0;
    pair.running.set(id, {
      plan,
      from,
      pastSince: from <= now ? performance.now() : null,
      logStart,
    });
    if (from >= run.model.compactRevision || run.model.compactRevision === 0) return;
    // What it asks for has been given up: it ends at once.
    await waitFor(pair, `the end of watch ${id}, of revision ${from}`, (stream) =>
      stream.logOf(id).slice(logStart).some(isLast),
    );
    compare(pair);
  }

  async function cancel(pair: StreamPair, id: string): Promise<void> {
    await settle();
    const run = runOf();
    run.note(`cancel watch ${id} of a stream to n${pair.member + 1}`);
    run.requestCount += 1;
    await run.catchUp(pair.member);
    const isRunning = pair.running.has(id);
    for (const stream of sidesOf(pair)) stream.cancel(id);
    // Nothing is told of one that does not run: then whatever comes later shows it.
    if (isRunning) {
      const start = pair.running.get(id)?.logStart ?? 0;
      await waitFor(
        pair,
        `the end of watch ${id}`,
        (stream) => stream.end !== null || stream.logOf(id).slice(start).some(isLast),
      );
    }
    pair.running.delete(id);
    compare(pair);
  }

  async function progress(pair: StreamPair): Promise<void> {
    await settle();
    const run = runOf();
    if (pair.running.size === 0 || comparesEnd(pair)) return;
    // A watch of the future holds the answer back until it has begun.
    if ([...pair.running.values()].some(({ plan }) => plan.startRevision > run.model.revision)) return;
    await run.catchUp(pair.member);
    run.note(`ask for progress on a stream to n${pair.member + 1}`);
    run.requestCount += 1;
    const counts = sidesOf(pair).map((stream) => stream.logOf('-1').length);
    for (const stream of sidesOf(pair)) stream.askProgress();
    await waitFor(pair, 'a report of progress', (stream) => {
      const index = stream === pair.reference ? 0 : 1;
      return stream.end !== null || stream.logOf('-1').length > (counts[index] ?? 0);
    });
    compare(pair);
  }

  return {
    streams,
    async start() {
      history = await createHistory(runOf().reference);
    },
    open(as) {
      const { member, reference, subject } = runOf();
      const on = (side: Side): WatchStream => openWatchStream(side, member, as);
      const pair = {
        member,
        as,
        reference: on(reference),
        subject: on(subject),
        running: new Map(),
        lost: new Set<string>(),
      };
      streams.push(pair);
      return pair;
    },
    create,
    cancel,
    progress,
    async end(pair) {
      await settle();
      for (const stream of sidesOf(pair)) stream.close();
      streams.splice(streams.indexOf(pair), 1);
    },
    settle,
    async passThePast() {
      await settle();
      const since = streams.flatMap(({ running }) =>
        [...running.values()].map(({ pastSince }) => pastSince ?? 0),
      );
      const restMs = Math.max(0, ...since) + pastMs - performance.now();
      if (restMs > 0) await new Promise((resolve) => setTimeout(resolve, restMs));
    },
    close() {
      history?.close();
      for (const pair of streams) for (const stream of sidesOf(pair)) stream.close();
      streams.length = 0;
    },
  };
}

function isEvent(record: Fields): boolean {
  return 'event' in record;
}

function isLast(record: Fields): boolean {
  return record['canceled'] === true;
}

function pretty(value: unknown): string {
  return JSON.stringify(value, null, 1);
}

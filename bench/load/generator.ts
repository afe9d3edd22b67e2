import { monotonicMs } from './clock.js';
import { createHistogram } from './histogram.js';
import type { Histogram } from './histogram.js';
import type { LoadJob, LoadReport, RequestKind, SlowRequest, TimelineStep } from './jobs.js';
import type { Processes } from './processes.js';

/** A load as works ask for it; spread over processes. */
export type LoadPlan = Omit<LoadJob, 'fromMs' | 'untilMs' | 'requestsPerSecond'> & {
  readonly warmUpSeconds: number;
  readonly seconds: number;
  readonly requestsPerSecond?: number;
  /** Default 2: one beside each connection's server would be too few for what servers do here. */
  readonly processes?: number;
  /** The first of the processes to use. Default 0. */
  readonly firstProcess?: number;
};

export interface LoadOutcome {
  /** Of all requests. */
  readonly requestsPerSecond: number;
  readonly latency: Histogram;
  readonly latencyOf: ReadonlyMap<RequestKind, Histogram>;
  readonly answerBytes: number;
  readonly timeline: readonly TimelineStep[];
  readonly slow: readonly SlowRequest[];
  readonly slowUnlisted: number;
  /** Of the busiest process. Near 1 the generator itself may be what is measured. */
  readonly busy: number;
  /** On the shared clock. */
  readonly fromMs: number;
}

const defaultProcesses = 2;
/** For connections to be opened. */
const leadMs = 100;

export interface GoingLoad {
  readonly outcome: Promise<LoadOutcome>;
  /** Ends it before its time. */
  stop(): Promise<void>;
}

export function generateLoad(processes: Processes, plan: LoadPlan): Promise<LoadOutcome> {
  return startLoad(processes, plan).outcome;
}

export function startLoad(processes: Processes, plan: LoadPlan): GoingLoad {
  const { warmUpSeconds, seconds, processes: wanted = defaultProcesses, firstProcess = 0, ...rest } = plan;
  const count = Math.min(wanted, plan.connections);
  const indexes = Array.from({ length: count }, (_, index) => firstProcess + index);

  async function begin(): Promise<{ readonly fromMs: number; readonly reports: Promise<LoadReport[]> }> {
    // A process that has yet to start would miss the beginning.
    await Promise.all(indexes.map((index) => processes.ask(index, { type: 'hello' })));
    const fromMs = monotonicMs() + leadMs + warmUpSeconds * 1000;
    const untilMs = fromMs + seconds * 1000;
    const reports = indexes.map((index) => {
      const share = shareOf(plan.connections, count, index - firstProcess);
      const pace =
        plan.requestsPerSecond === undefined
          ? {}
          : { requestsPerSecond: (plan.requestsPerSecond * share) / plan.connections };
      const job = { ...rest, ...pace, connections: share, seed: plan.seed + index, fromMs, untilMs };
      return processes.ask(index, { type: 'load', job });
    });
    return { fromMs, reports: all(reports, stopAll) };
  }

  async function stopAll(): Promise<void> {
    await Promise.all(indexes.map((index) => processes.ask(index, { type: 'load-stop' })));
  }

  const begun = begin();
  return {
    outcome: begun.then(async ({ fromMs, reports }) => outcomeOf(await reports, fromMs)),
    async stop() {
      await begun;
      await stopAll();
    },
  };
}

/** When one fails, the others end too, so that none goes on into what comes next. */
async function all<T>(parts: readonly Promise<T>[], stop: () => Promise<void>): Promise<T[]> {
  try {
    return await Promise.all(parts);
  } catch (error) {
    await stop();
    await Promise.allSettled(parts);
    throw error;
  }
}

function shareOf(total: number, parts: number, index: number): number {
  return Math.floor(total / parts) + (index < total % parts ? 1 : 0);
}

function outcomeOf(reports: readonly LoadReport[], fromMs: number): LoadOutcome {
  const latency = createHistogram();
  const latencyOf = new Map<RequestKind, Histogram>();
  for (const report of reports) {
    for (const [kind, plain] of Object.entries(report.latency) as [
      RequestKind,
      LoadReport['latency']['put'],
    ][]) {
      const part = createHistogram(plain);
      latency.merge(part);
      const known = latencyOf.get(kind);
      if (known === undefined) latencyOf.set(kind, part);
      else known.merge(part);
    }
  }
  if (latency.count === 0) throw new Error('no request was answered');
  const sum = (of: (report: LoadReport) => number): number =>
    reports.reduce((total, report) => total + of(report), 0);
  return {
    requestsPerSecond: (latency.count / Math.max(...reports.map((report) => report.countedMs))) * 1000,
    latency,
    latencyOf,
    answerBytes: sum((report) => report.answerBytes),
    timeline: reports.length === 1 ? (reports[0]?.timeline ?? []) : mergeTimelines(reports),
    slow: reports.flatMap((report) => report.slow).sort((a, b) => a.sentMs - b.sentMs),
    slowUnlisted: sum((report) => report.slowUnlisted),
    busy: Math.max(...reports.map((report) => report.busy)),
    fromMs,
  };
}

function mergeTimelines(reports: readonly LoadReport[]): readonly TimelineStep[] {
  const steps = new Map<number, Histogram>();
  for (const { atMs, latency } of reports.flatMap(({ timeline }) => timeline)) {
    const known = steps.get(atMs);
    if (known === undefined) steps.set(atMs, createHistogram(latency));
    else known.merge(createHistogram(latency));
  }
  return [...steps]
    .sort(([a], [b]) => a - b)
    .map(([atMs, histogram]) => ({ atMs, latency: histogram.toPlain() }));
}

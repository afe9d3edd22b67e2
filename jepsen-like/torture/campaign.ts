import { Worker } from 'node:worker_threads';
import { messageOf } from '../../src/base/index.js';
import type { Order, Report } from './worker.js';

/** Many seeds, on all cores. */
export interface CampaignOptions {
  readonly firstSeed: number;
  /** Ends after this many seeds … */
  readonly seedsMax: number;
  /** … or after so long. */
  readonly limitMs: number;
  readonly workers: number;
  readonly order: Omit<Order, 'seed'>;
  readonly onReport: (totals: Totals, latest: Report) => void;
  readonly signal: AbortSignal;
}

export interface Totals {
  seeds: number;
  simulatedMs: number;
  /** Of all threads together. */
  busyMs: number;
  operations: number;
  readonly faults: Map<string, number>;
  readonly marks: Map<string, number>;
  readonly unknowns: Map<string, number>;
  readonly failures: Failure[];
}

export interface Failure {
  readonly seed: number;
  readonly complaint: string;
}

/** Failing seeds that are worth telling; the campaign ends when there are more. */
const failuresMax = 20;

/** Runs seeds until the limits are reached. Rejects when a run cannot be carried out at all: that is a bug of the kit. */
export async function runCampaign(options: CampaignOptions): Promise<Totals> {
  const { firstSeed, seedsMax, limitMs, workers, order, onReport, signal } = options;
  const totals: Totals = {
    seeds: 0,
    simulatedMs: 0,
    busyMs: 0,
    operations: 0,
    faults: new Map(),
    marks: new Map(),
    unknowns: new Map(),
    failures: [],
  };
  const endMs = performance.now() + limitMs;
  let next = firstSeed;

  const isOver = (): boolean =>
    next >= firstSeed + seedsMax ||
    performance.now() >= endMs ||
    signal.aborted ||
    totals.failures.length >= failuresMax;

  function take(report: Report): void {
    totals.seeds += 1;
    totals.simulatedMs += report.simulatedMs;
    totals.busyMs += report.busyMs;
    totals.operations += report.operations;
    for (const [into, from] of [
      [totals.faults, report.faults],
      [totals.marks, report.marks],
      [totals.unknowns, report.unknowns.map((name) => [name, 1] as const)],
    ] as const) {
      for (const [name, count] of from) into.set(name, (into.get(name) ?? 0) + count);
    }
    if (report.complaint !== null) totals.failures.push({ seed: report.seed, complaint: report.complaint });
    onReport(totals, report);
  }

  async function work(): Promise<void> {
    const worker = new Worker(new URL('./worker.js', import.meta.url), {
      resourceLimits: { maxYoungGenerationSizeMb: 96 },
    });
    try {
      while (!isOver()) take(await ask(worker, { ...order, seed: next++ }));
    } finally {
      await worker.terminate();
    }
  }

  await Promise.all(Array.from({ length: workers }, work));
  return totals;
}

function ask(worker: Worker, order: Order): Promise<Report> {
  return new Promise((resolve, reject) => {
    const onError = (error: unknown): void =>
      reject(new Error(`seed ${order.seed} could not be run: ${messageOf(error)}`, { cause: error }));
    worker.once('error', onError);
    worker.once('message', (report: Report) => {
      worker.off('error', onError);
      resolve(report);
    });
    worker.postMessage(order);
  });
}

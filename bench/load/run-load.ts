import { seededRandom } from '../../src/base/index.js';
import { monotonicMs } from './clock.js';
import { openConnection } from './connection.js';
import type { LoadConnection } from './connection.js';
import { createHistogram } from './histogram.js';
import type { Histogram } from './histogram.js';
import type { LoadJob, LoadReport, SlowRequest, TimelineStep, WeightedRequest } from './jobs.js';
import { createKeyChoice } from './key-choice.js';
import { createTemplate, createValuePool } from './requests.js';
import type { RequestTemplate } from './requests.js';

const slowListedMax = 10_000;
/** Requests that are due and find no stream free. More: the system is far from holding the rate. */
const overdueMax = 1_000_000;
const drainTimeoutMs = 30_000;

export interface RunningLoad {
  /** Rejects when a request fails, a connection is lost, or answers are still missing long after the end. */
  readonly report: Promise<LoadReport>;
  /** Ends it before its time; what has been answered counts. */
  stop(): void;
}

export function startLoad(job: LoadJob): RunningLoad {
  const run = new LoadRun(job);
  run.start().catch((error: unknown) => run.fail(error));
  return run;
}

interface Part {
  readonly template: RequestTemplate;
  readonly latency: Histogram;
  /** Of all weights up to and including its own, as a fraction of 2^32. */
  readonly upTo: number;
}

class LoadRun implements RunningLoad {
  readonly report: Promise<LoadReport>;
  readonly #job: LoadJob;
  #resolve: (report: LoadReport) => void = () => undefined;
  #reject: (error: Error) => void = () => undefined;
  readonly #random;
  readonly #nextKey: () => number;
  readonly #parts: readonly Part[];
  readonly #connections: LoadConnection[] = [];
  readonly #sentMs: Float64Array;
  readonly #partOf: Uint8Array;
  readonly #timeline: { step: Histogram; readonly done: TimelineStep[]; atMs: number };
  readonly #slow: SlowRequest[] = [];
  #slowUnlisted = 0;
  #untilMs: number;
  #answerBytes = 0;
  #underWay = 0;
  #isOver = false;
  #cpuAtStart: NodeJS.CpuUsage | null = null;
  #busy = 0;
  /** For a paced load: streams that are free, and requests that are due. */
  readonly #free: number[] = [];
  readonly #overdueMs: number[] = [];
  #overdueAt = 0;
  readonly #timers: NodeJS.Timeout[] = [];

  constructor(job: LoadJob) {
    this.report = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.#job = job;
    this.#untilMs = job.untilMs;
    this.#random = seededRandom(job.seed);
    this.#nextKey = createKeyChoice(job.keys, this.#random);
    this.#parts = createParts(job, this.#random);
    const slots = job.connections * job.streams;
    this.#sentMs = new Float64Array(slots);
    this.#partOf = new Uint8Array(slots);
    this.#timeline = { step: createHistogram(), done: [], atMs: job.fromMs };
  }

  async start(): Promise<void> {
    const { connections, streams, url, fromMs, untilMs } = this.#job;
    const opened = await Promise.all(
      Array.from({ length: connections }, () =>
        openConnection(url, {
          onData: (_slot, _bytes, from, to) => {
            this.#answerBytes += to - from;
          },
          onEnd: (slot, failure) => this.#onEnd(slot, failure),
          onLost: (reason) => this.fail(new Error(`a connection to ${url} was lost: ${reason}`)),
        }),
      ),
    );
    this.#connections.push(...opened);
    this.#at(fromMs, () => {
      this.#cpuAtStart = process.cpuUsage();
      this.#answerBytes = 0;
    });
    this.#at(untilMs, () => this.#end());
    const slots = Array.from({ length: connections * streams }, (_, slot) => slot);
    if (this.#job.requestsPerSecond === undefined) for (const slot of slots) this.#send(slot, monotonicMs());
    else {
      this.#free.push(...slots);
      this.#pace(this.#job.requestsPerSecond);
    }
    for (const connection of this.#connections) connection.flush();
  }

  stop(): void {
    if (this.#isOver) return;
    this.#untilMs = Math.max(this.#job.fromMs, monotonicMs());
    this.#end();
  }

  fail(error: unknown): void {
    this.#finish();
    this.#reject(error instanceof Error ? error : new Error(String(error)));
  }

  #at(timeMs: number, act: () => void): void {
    this.#timers.push(setTimeout(act, Math.max(0, timeMs - monotonicMs())));
  }

  #pace(requestsPerSecond: number): void {
    const startMs = monotonicMs();
    let due = 0;
    const tick = (): void => {
      const nowMs = monotonicMs();
      for (; !this.#isOver; due++) {
        const dueMs = startMs + (due * 1000) / requestsPerSecond;
        if (dueMs > nowMs) break;
        const slot = this.#free.pop();
        if (slot !== undefined) this.#send(slot, dueMs);
        else this.#overdueMs.push(dueMs);
      }
      if (this.#overdueMs.length - this.#overdueAt > overdueMax)
        this.fail(new Error(`${requestsPerSecond} requests a second are far more than are answered`));
      for (const connection of this.#connections) connection.flush();
    };
    this.#timers.push(setInterval(tick, 1));
  }

  #send(slot: number, sentMs: number): void {
    const partIndex = this.#parts.length === 1 ? 0 : this.#choosePart();
    const part = this.#parts[partIndex];
    const connection = this.#connections[slot % this.#connections.length];
    if (part === undefined || connection === undefined) return;
    this.#sentMs[slot] = sentMs;
    this.#partOf[slot] = partIndex;
    part.template.about(this.#nextKey());
    this.#underWay++;
    connection.call(slot, part.template);
  }

  #choosePart(): number {
    const chance = this.#random.nextUint32();
    return this.#parts.findIndex(({ upTo }) => chance < upTo);
  }

  #onEnd(slot: number, failure: string | null): void {
    if (failure !== null) {
      this.fail(new Error(`a request failed: ${failure}`));
      return;
    }
    const nowMs = monotonicMs();
    this.#underWay--;
    if (nowMs >= this.#job.fromMs && nowMs < this.#untilMs) this.#count(slot, nowMs);
    if (this.#isOver) {
      if (this.#underWay === 0) this.#succeed();
      return;
    }
    if (this.#job.requestsPerSecond === undefined) this.#send(slot, nowMs);
    else this.#sendOverdue(slot);
  }

  #sendOverdue(slot: number): void {
    const dueMs = this.#overdueMs[this.#overdueAt];
    if (dueMs === undefined) {
      this.#free.push(slot);
      return;
    }
    this.#overdueAt++;
    if (this.#overdueAt === this.#overdueMs.length) {
      this.#overdueMs.length = 0;
      this.#overdueAt = 0;
    }
    this.#send(slot, dueMs);
  }

  #count(slot: number, nowMs: number): void {
    const sentMs = this.#sentMs[slot] ?? nowMs;
    const tookMs = nowMs - sentMs;
    this.#parts[this.#partOf[slot] ?? 0]?.latency.record(tookMs * 1000);
    const { timelineStepMs, slowMs } = this.#job;
    if (timelineStepMs !== undefined) {
      while (nowMs >= this.#timeline.atMs + timelineStepMs) this.#endStep(timelineStepMs);
      this.#timeline.step.record(tookMs * 1000);
    }
    if (slowMs !== undefined && tookMs >= slowMs) {
      if (this.#slow.length < slowListedMax) this.#slow.push({ sentMs, tookMs });
      else this.#slowUnlisted++;
    }
  }

  #endStep(stepMs: number): void {
    const { atMs, step, done } = this.#timeline;
    done.push({ atMs: atMs - this.#job.fromMs, latency: step.toPlain() });
    this.#timeline.step = createHistogram();
    this.#timeline.atMs = atMs + stepMs;
  }

  #end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const used = process.cpuUsage(this.#cpuAtStart ?? undefined);
    this.#busy = (used.user + used.system) / 1000 / Math.max(1, this.#untilMs - this.#job.fromMs);
    if (this.#underWay === 0) this.#succeed();
    else
      this.#timers.push(
        setTimeout(() => this.fail(new Error(`${this.#underWay} requests are not answered`)), drainTimeoutMs),
      );
  }

  #succeed(): void {
    this.#finish();
    const latency: Record<string, ReturnType<Histogram['toPlain']>> = {};
    for (const [index, { request }] of this.#job.mix.entries()) {
      const part = this.#parts[index];
      if (part !== undefined) latency[request.kind] = part.latency.toPlain();
    }
    if (this.#job.timelineStepMs !== undefined) this.#endStep(this.#job.timelineStepMs);
    this.#resolve({
      latency,
      countedMs: this.#untilMs - this.#job.fromMs,
      answerBytes: this.#answerBytes,
      timeline: this.#timeline.done,
      slow: this.#slow,
      slowUnlisted: this.#slowUnlisted,
      busy: this.#busy,
    });
  }

  #finish(): void {
    this.#isOver = true;
    for (const timer of this.#timers) clearTimeout(timer);
    for (const connection of this.#connections) connection.close();
  }
}

function createParts(job: LoadJob, random: ReturnType<typeof seededRandom>): readonly Part[] {
  const pool = createValuePool(random);
  const total = job.mix.reduce((sum, { weight }) => sum + weight, 0);
  const shareUpTo = (index: number): number =>
    job.mix.slice(0, index + 1).reduce((sum, { weight }) => sum + weight, 0) / total;
  return job.mix.map(({ request }: WeightedRequest, index) => ({
    template: createTemplate(request, job.keyPrefix, { pool, random }),
    latency: createHistogram(),
    upTo: shareUpTo(index) * 0x1_0000_0000,
  }));
}

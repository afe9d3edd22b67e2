import { createHistogram } from '../load/histogram.js';
import type { Histogram, PlainHistogram } from '../load/histogram.js';
import type { TimelineStep } from '../load/jobs.js';
import type { Sample, Side, WorkInfo } from '../work/types.js';

/** All that a run found out, as its JSON file has it. */
export interface Results {
  readonly format: 'quorate-bench';
  readonly version: 1;
  /** ISO 8601. */
  readonly at: string;
  readonly machine: Machine;
  readonly settings: Readonly<Record<string, number | string>>;
  readonly works: readonly WorkResult[];
  readonly timelines: readonly TimelineResult[];
  /** What a reader of the figures must know. */
  readonly notes: readonly string[];
  /** Works that failed in a round; their samples are missing. */
  readonly failures: readonly string[];
}

export interface Machine {
  readonly processors: number;
  readonly model: string;
  readonly memoryGiB: number;
  readonly kernel: string;
  readonly node: string;
  readonly etcd: string | null;
  /** Runnable processes in the minute before the run and at its end: much above 0 and above what a run makes, others were at work. */
  readonly loadBefore: number;
  readonly loadAfter: number;
}

export interface WorkResult {
  readonly id: string;
  readonly name: string;
  /** What Quorate is compared with. */
  readonly baseline: string;
  readonly ours: string;
  readonly figures: readonly FigureResult[];
  readonly latency: Readonly<Partial<Record<Side, PlainHistogram>>>;
}

export interface FigureResult {
  readonly id: string;
  readonly name: string;
  readonly goal: { readonly atLeast: number } | { readonly atMost: number } | null;
  /** Round by round. */
  readonly samples: Readonly<Record<Side, readonly number[]>>;
}

/** A long load over time, and what disturbed it. */
export interface TimelineResult {
  readonly title: string;
  readonly side: Side;
  readonly stepMs: number;
  readonly steps: readonly {
    readonly atMs: number;
    readonly count: number;
    readonly p50Us: number;
    readonly p99Us: number;
    readonly maxUs: number;
  }[];
  readonly stalls: readonly Stall[];
  readonly events: readonly { readonly atMs: number; readonly text: string }[];
}

export interface Stall {
  /** Since the first moment that counts. */
  readonly atMs: number;
  readonly tookMs: number;
  readonly requests: number;
  readonly cause: 'disk' | 'machine' | 'system';
}

/** Gathers while a run goes on; what was gathered when it breaks off is not lost. */
export interface Recorder {
  record(work: WorkInfo, side: Side, sample: Sample): void;
  timeline(timeline: TimelineResult): void;
  /** Said once, however often it is noted. */
  note(text: string): void;
  fail(text: string): void;
  /** Of a figure so far. */
  samplesOf(workId: string, side: Side, figureId: string): readonly number[];
  works(): readonly WorkResult[];
  readonly timelines: readonly TimelineResult[];
  readonly notes: readonly string[];
  readonly failures: readonly string[];
}

interface Gathered {
  readonly work: WorkInfo;
  readonly samples: Record<Side, Map<string, number[]>>;
  readonly latency: Map<Side, Histogram>;
}

export function createRecorder(): Recorder {
  const gathered = new Map<string, Gathered>();
  const timelines: TimelineResult[] = [];
  const notes = new Set<string>();
  const failures: string[] = [];

  return {
    record(work, side, sample) {
      const entry: Gathered = gathered.get(work.id) ?? {
        work,
        samples: { baseline: new Map(), ours: new Map() },
        latency: new Map(),
      };
      gathered.set(work.id, entry);
      for (const { id } of work.figures) {
        const value = sample.figures[id];
        if (value === undefined) continue;
        const values = entry.samples[side].get(id) ?? [];
        values.push(value);
        entry.samples[side].set(id, values);
      }
      if (sample.latency === undefined) return;
      const known = entry.latency.get(side) ?? createHistogram();
      known.merge(sample.latency);
      entry.latency.set(side, known);
    },
    timeline: (timeline) => void timelines.push(timeline),
    note: (text) => void notes.add(text),
    fail: (text) => void failures.push(text),
    samplesOf: (workId, side, figureId) => gathered.get(workId)?.samples[side].get(figureId) ?? [],
    works: () => [...gathered.values()].map(resultOf),
    timelines,
    failures,
    get notes() {
      return [...notes];
    },
  };
}

function resultOf({ work, samples, latency }: Gathered): WorkResult {
  return {
    id: work.id,
    name: work.name,
    baseline: work.baseline ?? 'etcd',
    ours: work.ours ?? 'Quorate',
    figures: work.figures.map(({ id, name, goal }) => ({
      id,
      name,
      goal,
      samples: { baseline: samples.baseline.get(id) ?? [], ours: samples.ours.get(id) ?? [] },
    })),
    latency: Object.fromEntries([...latency].map(([side, histogram]) => [side, histogram.toPlain()])),
  };
}

export function timelineSteps(steps: readonly TimelineStep[]): TimelineResult['steps'] {
  return steps.map(({ atMs, latency }) => {
    const histogram = createHistogram(latency);
    const { count, maxUs } = histogram;
    if (count === 0) return { atMs, count, p50Us: 0, p99Us: 0, maxUs: 0 };
    return { atMs, count, p50Us: histogram.quantileUs(0.5), p99Us: histogram.quantileUs(0.99), maxUs };
  });
}

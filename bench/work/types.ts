import type { Histogram } from '../load/histogram.js';
import type { Processes } from '../load/processes.js';
import type { Options } from '../options.js';
import type { Progress } from '../progress.js';
import type { Recorder } from '../report/results.js';
import type { RunningSystem, SystemDesk, SystemName } from '../systems.js';
import type { Tool } from '../tools.js';

/** Of the ratio of our median to the baseline's. */
export type Goal = { readonly atLeast: number } | { readonly atMost: number };

export interface FigureInfo {
  readonly id: string;
  /** With its unit: `requests/s`. */
  readonly name: string;
  /** Null: for information. */
  readonly goal: Goal | null;
}

/** One row or a few of the table: what is done to both systems, or to Quorate and something that it is compared with. */
export interface WorkInfo {
  /** As `--only` takes it: `put-64`. */
  readonly id: string;
  readonly name: string;
  readonly figures: readonly FigureInfo[];
  /** What Quorate is compared with, if that is not etcd. */
  readonly baseline?: string;
  /** What is compared, if that is not Quorate. */
  readonly ours?: string;
}

export type Side = 'baseline' | 'ours';

/** What one work came to in one round, by id of the figure. */
export interface Sample {
  readonly figures: Readonly<Record<string, number>>;
  readonly latency?: Histogram;
}

/** Works that share clusters in one state. */
export interface Stage {
  readonly id: string;
  /** Only when `--only` names it. */
  readonly isLong: boolean;
  readonly works: readonly WorkInfo[];
  /** What they need besides etcd. */
  tools(chosen: ReadonlySet<string>): readonly Tool[];
  /** Of the works that were chosen. */
  estimateSeconds(options: Options, chosen: ReadonlySet<string>): number;
  run(bench: Bench, chosen: ReadonlySet<string>): Promise<void>;
}

/** What a run has in common. */
export interface Bench {
  readonly options: Options;
  readonly systems: SystemDesk;
  readonly processes: Processes;
  readonly progress: Progress;
  readonly recorder: Recorder;
}

/** A work that needs no more than a running system, and is done in each round. */
export interface RoundWork extends WorkInfo {
  /** Of one round and system. */
  estimateSeconds(options: Options): number;
  measure(system: RunningSystem, bench: Bench, round: number): Promise<Sample>;
}

export const sideOf: Readonly<Record<SystemName, Side>> = { etcd: 'baseline', quorate: 'ours' };

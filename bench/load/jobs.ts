import type { PlainHistogram } from './histogram.js';
import type { KeyPattern } from './key-choice.js';
import type { RequestSpec } from './requests.js';

/** What processes of the load generator are asked to do, and what they answer. Times are of the shared clock. */

export interface WeightedRequest {
  readonly request: RequestSpec;
  /** Its share, relative to those of the others. */
  readonly weight: number;
}

export interface LoadJob {
  readonly url: string;
  readonly connections: number;
  /** Requests at a time on each connection. */
  readonly streams: number;
  readonly mix: readonly WeightedRequest[];
  readonly keys: KeyPattern;
  readonly keyPrefix: string;
  readonly seed: number;
  /** Answers that come between these count. */
  readonly fromMs: number;
  readonly untilMs: number;
  /**
   * Not given: each stream sends its next request when it has its answer. Otherwise requests are due at an even rate, and
   * latency counts from when they were due, whether or not a stream was free.
   */
  readonly requestsPerSecond?: number;
  /** Not given: no time line. */
  readonly timelineStepMs?: number;
  /** Requests that took longer are listed one by one. */
  readonly slowMs?: number;
}

/** The names of a mix's parts: `put`, `get`, … */
export type RequestKind = RequestSpec['kind'];

export interface TimelineStep {
  /** Since the first moment that counts. */
  readonly atMs: number;
  readonly latency: PlainHistogram;
}

export interface SlowRequest {
  /** When it was due or sent, on the shared clock. */
  readonly sentMs: number;
  readonly tookMs: number;
}

export interface LoadReport {
  readonly latency: Partial<Record<RequestKind, PlainHistogram>>;
  /** How long answers counted. */
  readonly countedMs: number;
  readonly answerBytes: number;
  readonly timeline: readonly TimelineStep[];
  readonly slow: readonly SlowRequest[];
  /** Slow ones that are not listed, as there were too many. */
  readonly slowUnlisted: number;
  /** The part of the time that counts in which this process computed, 0 … 1 and, with threads of its own, more. */
  readonly busy: number;
}

export interface FillJob {
  readonly url: string;
  readonly connections: number;
  readonly streams: number;
  readonly keyPrefix: string;
  readonly fromKey: number;
  readonly toKey: number;
  readonly keysPerRequest: number;
  readonly valueBytes: number;
  readonly seed: number;
}

export interface WatchJob {
  readonly url: string;
  readonly connections: number;
  readonly keyPrefix: string;
  /** Keys 0 … keys − 1 are watched in turn until there are this many watches. */
  readonly keys: number;
  readonly watches: number;
  /** The first key, so that two processes share the keys between them. */
  readonly firstKey: number;
}

export interface WatchReport {
  readonly events: number;
  readonly lastEventMs: number;
  /** From the stamp in the value to its arrival. */
  readonly delay: PlainHistogram;
  readonly busy: number;
}

/** Puts with the time in their values, for those who watch. */
export interface StampJob {
  readonly url: string;
  readonly keyPrefix: string;
  readonly keys: number;
  readonly puts: number;
  readonly inFlight: number;
  readonly valueBytes: number;
  /** Not given: as fast as they are answered. */
  readonly putsPerSecond?: number;
}

/** Loads keys through a client library, as a program would. */
export interface LibraryJob {
  readonly library: 'quorate' | 'etcd3';
  readonly endpoint: string;
  readonly keyPrefix: string;
  readonly fromKey: number;
  readonly toKey: number;
  readonly inFlight: number;
  readonly valueBytes: number;
}

export interface ProbeReport {
  /** Each fsync of a small file that took longer than asked for. */
  readonly slowSyncs: readonly SlowRequest[];
  /** Each time that the probe, which does nothing else, was not woken in time. */
  readonly lateWakes: readonly SlowRequest[];
  readonly syncs: PlainHistogram;
}

export type Command =
  /** Answered as soon as the process runs. */
  | { readonly type: 'hello' }
  | { readonly type: 'load'; readonly job: LoadJob }
  /** Ends the load that the process runs; its own answer follows. */
  | { readonly type: 'load-stop' }
  | { readonly type: 'fill'; readonly job: FillJob }
  | { readonly type: 'watch-open'; readonly job: WatchJob }
  /** Resolves when so many events have come since the watches were opened; delays are of those since the last report. */
  | { readonly type: 'watch-await'; readonly events: number }
  | { readonly type: 'watch-close' }
  | { readonly type: 'stamp'; readonly job: StampJob }
  | { readonly type: 'library'; readonly job: LibraryJob }
  | { readonly type: 'probe-start'; readonly folder: string; readonly slowMs: number }
  | { readonly type: 'probe-stop' };

export interface Answers {
  readonly hello: null;
  readonly load: LoadReport;
  readonly 'load-stop': null;
  readonly fill: { readonly tookMs: number };
  readonly 'watch-open': null;
  readonly 'watch-await': WatchReport;
  readonly 'watch-close': null;
  readonly stamp: { readonly startedMs: number };
  readonly library: { readonly tookMs: number };
  readonly 'probe-start': null;
  readonly 'probe-stop': ProbeReport;
}

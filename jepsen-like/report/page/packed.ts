/**
 * A run as the page gets it: columns of numbers, most of them as differences from the one before, and one table of all
 * texts. As JSON, compressed and in base64, it stands in the page. Times are microseconds since the run began.
 */
export interface PackedRun {
  readonly format: 'quorate-report-1';
  readonly endUs: number;
  readonly texts: readonly string[];
  readonly lanes: number;
  readonly operations: PackedSpans;
  readonly calls: PackedSpans;
  readonly faults: PackedFaults;
  readonly members: readonly PackedMember[];
  readonly watches: PackedWatches;
}

/** Of operations or calls, in order of invocation. */
export interface PackedSpans {
  /** Differences. */
  readonly id: readonly number[];
  /** Differences. */
  readonly at: readonly number[];
  /** How long it took; -1: it never came back. */
  readonly length: readonly number[];
  readonly lane: readonly number[];
  readonly process: readonly number[];
  /** Positions in `outcomes`, a character each. */
  readonly outcome: string;
  /** Positions in `texts`, as differences. */
  readonly action: readonly number[];
  readonly result: readonly number[];
}

export interface PackedFaults {
  readonly at: readonly number[];
  /** -1: it has no length. */
  readonly length: readonly number[];
  readonly row: readonly number[];
  readonly rows: number;
  readonly kind: readonly number[];
  readonly text: readonly number[];
}

export interface PackedMember {
  readonly name: string;
  /** Differences; likewise `term` and `commit`. */
  readonly at: readonly number[];
  /** Positions in `roles`, a character each. */
  readonly role: string;
  readonly term: readonly number[];
  readonly commit: readonly number[];
}

export interface PackedWatches {
  readonly rows: number;
  readonly id: readonly number[];
  readonly at: readonly number[];
  readonly length: readonly number[];
  readonly row: readonly number[];
  readonly text: readonly number[];
  /** How many entries each has; the columns of entries hold those of all, one watch after the other. */
  readonly entryCount: readonly number[];
  /** Differences, across watches. */
  readonly entryAt: readonly number[];
  /** Positions in `entryTypes`, a character each. */
  readonly entryType: string;
  readonly entryText: readonly number[];
}

export const outcomes = ['ok', 'failed', 'unknown'] as const;
export const roles = ['leader', 'candidate', 'pre-candidate', 'follower', 'learner', 'down'] as const;
export const entryTypes = ['created', 'events', 'progress', 'compacted', 'ended'] as const;

export type OutcomeName = (typeof outcomes)[number];
export type RoleName = (typeof roles)[number];

/** Each number as its difference from the one before. */
export function differences(numbers: readonly number[]): number[] {
  return numbers.map((number, place) => number - (numbers[place - 1] ?? 0));
}

/** The inverse of `differences`. */
export function sums(numbers: readonly number[]): Float64Array {
  let sum = 0;
  return Float64Array.from(numbers, (number) => (sum += number));
}

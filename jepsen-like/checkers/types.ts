import type { History } from '../history/index.js';

/**
 * What a checker says. `unknown`: the budget ended before the answer was found, or the history holds nothing to judge by; never
 * taken for `ok`. `skipped`: nothing in the history concerns it.
 */
export type Verdict =
  /** `remarks`: what is worth telling though it breaks no promise. */
  | { readonly type: 'ok'; readonly remarks?: readonly string[] }
  | { readonly type: 'skipped' }
  | { readonly type: 'unknown'; readonly reason: string }
  | { readonly type: 'violated'; readonly anomalies: readonly Anomaly[] };

/** One thing that cannot be, as small as it can be told. */
export interface Anomaly {
  /** Its name in the field: `G-single`, `lost update`, `stale read`, `watch event lost`. */
  readonly name: string;
  /** One or two sentences for a person, naming keys, values, revisions and processes. */
  readonly explanation: string;
  /** Ids of the operations, calls and watches that show it, in the order in which the explanation needs them. */
  readonly operations: readonly number[];
  readonly calls: readonly number[];
  readonly watches: readonly number[];
  readonly drawing: Drawing | null;
  /** When it showed, for what no operation, call or watch tells the time of: a broken invariant. */
  readonly atUs?: number;
}

export type Drawing =
  /** Transactions in a circle: each edge says why its target comes later. `from` and `to` are operation ids. */
  | {
      readonly type: 'cycle';
      readonly edges: readonly {
        readonly from: number;
        readonly to: number;
        readonly kind: string;
        readonly why: string;
      }[];
    }
  /**
   * The longest order that could be found, the operation that fits nowhere after it, and the states that were possible
   * then with why each excludes it.
   */
  | {
      readonly type: 'linearization';
      readonly order: readonly number[];
      readonly stuck: number;
      readonly states: readonly { readonly state: string; readonly excludes: string }[];
    }
  /** What a watch should have said and what it said, around where they part. */
  | {
      readonly type: 'watch';
      readonly watch: number;
      readonly expected: readonly string[];
      readonly actual: readonly string[];
      readonly at: number;
    };

export interface Checker {
  /** `linearizability`, `revisions`, `cycles`, `watch`, `locks`, `leases`, `sets`, `bank`, `unique-ids`, `elections`, `auth`. */
  readonly name: string;
  check(history: History, limits?: CheckLimits): Verdict;
}

export interface CheckLimits {
  /** Steps that a search may take before it says `unknown`: about a microsecond each. */
  readonly steps: number;
}

export const defaultLimits: CheckLimits = { steps: 2_000_000 };

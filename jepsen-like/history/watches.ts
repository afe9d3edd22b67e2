import type { Kv } from './calls.js';

export interface WatchEvent {
  readonly type: 'put' | 'delete';
  /** Of a deletion only `key` and `modRevision` mean something. */
  readonly kv: Kv;
  /** Null: not asked for, or there was none. */
  readonly previous: Kv | null;
}

/** What came over one watch, with when it came. */
export type WatchEntry = { readonly atUs: number } & (
  | { readonly type: 'created'; readonly revision: number }
  | { readonly type: 'events'; readonly revision: number; readonly events: readonly WatchEvent[] }
  /** All events up to `revision` have been delivered. */
  | { readonly type: 'progress'; readonly revision: number }
  | { readonly type: 'compacted'; readonly compactRevision: number }
  | { readonly type: 'ended'; readonly reason: string }
);

/** One watcher on one member, from its creation to the end of its stream. */
export interface WatchLog {
  readonly id: number;
  readonly process: number;
  readonly member: string;
  readonly key: string;
  readonly rangeEnd: string;
  /** 0: from now on. */
  readonly startRevision: number;
  readonly prevKv: boolean;
  readonly noPut: boolean;
  readonly noDelete: boolean;
  readonly requestedUs: number;
  readonly entries: readonly WatchEntry[];
  /** A client that lost its stream went on with this watch: `startRevision` is the last delivered revision + 1. */
  readonly resumes: number | null;
}

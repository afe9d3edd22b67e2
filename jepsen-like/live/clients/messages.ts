/** What a client's process is asked to do, one thing after the other; each is answered when it is done. */
export type ClientOrder =
  | { readonly type: 'set-up'; readonly setup: ClientSetup }
  /** What its workload needs is made ready. */
  | { readonly type: 'prepare' }
  /** It begins with its actions: answered at once. */
  | { readonly type: 'act' }
  /** No more actions: what is under way ends, and the last is read. */
  | { readonly type: 'finish' }
  /** What it saw goes to the file of its setup. */
  | { readonly type: 'save' };

export interface ClientSetup {
  readonly number: number;
  /** Of the whole run. */
  readonly clients: number;
  readonly workload: string;
  readonly keys: number;
  readonly seed: number;
  readonly actionsPerSecond: number;
  /** `127.0.0.1:2379` by member. */
  readonly endpoints: readonly (readonly [string, string])[];
  /** Zero of the history's clock, in microseconds of CLOCK_MONOTONIC, which all processes of a machine share. */
  readonly baseUs: number;
  readonly historyFile: string;
}

/** Anything but an answer comes by itself. */
export type ClientReport =
  | { readonly type: 'done'; readonly order: ClientOrder['type'] }
  | { readonly type: 'failed'; readonly error: string }
  | { readonly type: 'progress'; readonly operations: number };

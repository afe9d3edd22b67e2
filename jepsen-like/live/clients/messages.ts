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
  | { readonly type: 'save' }
  /** Other members are there. Not answered. */
  | { readonly type: 'readdress'; readonly endpoints: Endpoints }
  /** The deed that it asked for is done. Not answered. */
  | { readonly type: 'deed-done' };

/** `127.0.0.1:2379` by member. */
export type Endpoints = readonly (readonly [string, string])[];

export interface ClientSetup {
  readonly number: number;
  /** Of the whole run. */
  readonly clients: number;
  readonly workload: string;
  readonly keys: number;
  readonly seed: number;
  readonly actionsPerSecond: number;
  readonly endpoints: Endpoints;
  /** Zero of the history's clock, in microseconds of CLOCK_MONOTONIC, which all processes of a machine share. */
  readonly baseUs: number;
  readonly historyFile: string;
  /** Of the one client that may change the membership; null: this one may not. */
  readonly churn: ChurnSetup | null;
}

export interface ChurnSetup {
  readonly voterCount: number;
  /** Those of the start. */
  readonly machines: readonly PlacedMachine[];
  /** Of their members, by their names: 16 hexadecimal digits. */
  readonly ids: readonly (readonly [string, string])[];
  /** Those that wait for a member. */
  readonly spares: readonly PlacedMachine[];
}

/** A machine that has addresses already. */
export interface PlacedMachine {
  readonly name: string;
  /** Where the others reach it; at least one. */
  readonly peerUrls: readonly string[];
}

/** What the runner does to machines for a client, one at a time. `member` is what the workload calls it. */
export type MachineDeed = { readonly machine: string; readonly member: string } & (
  | { readonly type: 'start'; readonly initialCluster: string }
  /** It is not started again. */
  | { readonly type: 'stop' }
);

/** Anything but an answer comes by itself. */
export type ClientReport =
  | { readonly type: 'done'; readonly order: ClientOrder['type'] }
  | { readonly type: 'failed'; readonly error: string }
  | { readonly type: 'progress'; readonly operations: number }
  | { readonly type: 'deed'; readonly deed: MachineDeed };

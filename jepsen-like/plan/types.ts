/**
 * One run, decided beforehand: who does what, and what is done to them. The same plan gives the same run; steps may be left
 * out one by one, for each stands for itself. All of it survives JSON.
 */
export interface Plan {
  /** Of what chance decides within the run: delays, elections. */
  readonly seed: number;
  readonly members: number;
  readonly heartbeatIntervalMs: number;
  readonly electionTimeoutMs: number;
  /** Log entries after which members cut their logs: low ones make members that were away need snapshots. */
  readonly snapshotCount: number;
  readonly catchUpEntries: number;
  /** How many times as long as on the fastest disks writes take. */
  readonly diskFactor: number;
  /** Client `n` runs the workload at `n` modulo their number. */
  readonly workloads: readonly string[];
  readonly clients: number;
  readonly keys: number;
  /** How long the faults go on; after that everything heals, and progress is demanded. */
  readonly durationMs: number;
  /**
   * Links between members, from one to another by their positions, that stay cut when all else has healed, until it was seen that
   * those who can reach a quorum both ways need no more. Empty: all heals at once.
   */
  readonly lastCuts: readonly (readonly [from: number, to: number])[];
  /** By time. */
  readonly steps: readonly Step[];
}

export type Step = ActionStep | FaultStep;

export interface ActionStep {
  readonly type: 'action';
  readonly atMs: number;
  readonly client: number;
  /** As the client's workload drew it. */
  readonly action: object;
}

export interface FaultStep {
  readonly type: 'fault';
  readonly atMs: number;
  readonly fault: Fault;
}

/** A member by its position, or by what it is when the fault comes. Beyond the members there are: nobody. */
export type Target = number | 'leader' | 'follower';

/** Every fault ends by itself, after `forMs` or at once; all of them end with the safety phase. */
export type Fault =
  /** The process is killed, and started again. */
  | { readonly kind: 'kill'; readonly target: Target; readonly forMs: number }
  /** Likewise, so long after the next member begins another term: elections are rare, and so are crashes in them. */
  | { readonly kind: 'kill-in-election'; readonly afterMs: number; readonly forMs: number }
  /** The machine loses power: unsynced writes vanish or survive, each for itself. */
  | { readonly kind: 'power-cut'; readonly target: Target; readonly forMs: number }
  | { readonly kind: 'power-cut-all'; readonly forMs: number }
  /** Ends and starts in good order. */
  | { readonly kind: 'restart'; readonly target: Target }
  | { readonly kind: 'pause'; readonly target: Target; readonly forMs: number }
  /** Nothing passes from one to the other; clients of `from` and `to` are not affected. */
  | {
      readonly kind: 'cut';
      readonly from: Target;
      readonly to: Target;
      readonly both: boolean;
      readonly forMs: number;
    }
  /** One member hears nobody (`in`), is heard by nobody (`out`), or both. */
  | {
      readonly kind: 'isolate';
      readonly target: Target;
      readonly direction: 'in' | 'out' | 'both';
      /** Its clients too. */
      readonly clients: boolean;
      readonly forMs: number;
    }
  /** A link that goes and comes again and again. */
  | {
      readonly kind: 'flap';
      readonly from: Target;
      readonly to: Target;
      readonly periodMs: number;
      readonly forMs: number;
    }
  /** All links between members. */
  | {
      readonly kind: 'bad-network';
      readonly lossPermille: number;
      readonly duplicatePermille: number;
      readonly spreadMs: number;
      readonly reorders: boolean;
      readonly forMs: number;
    }
  | { readonly kind: 'slow-disk'; readonly target: Target; readonly factor: number; readonly forMs: number }
  | { readonly kind: 'full-disk'; readonly target: Target; readonly forMs: number }
  /**
   * The next write fails, or the next after a store was made or removed, and the member with it; whether it reached the disk, nobody
   * knows.
   */
  | {
      readonly kind: 'failed-write';
      readonly target: Target;
      readonly when: 'next' | 'store-made' | 'store-removed';
      readonly restartAfterMs: number;
    }
  /** Damage at rest, or by a disk that lies. At most one member of a plan is ever damaged. */
  | {
      readonly kind: 'damage';
      readonly target: number;
      readonly how: 'flip-bit' | 'stale' | 'erase' | 'misdirect' | 'lose' | 'unsynced';
      /** Chooses what is damaged. */
      readonly pick: number;
      /** So many neighbours at rest share the damage: sectors seldom die alone. Left out: one. */
      readonly count?: number;
    }
  /**
   * What its disk holds now is put back `afterMs` later, while the member is down, and all that it wrote meanwhile is gone. The member
   * comes back once the others hold all that it has forgotten; if they do not within `forMs`, with the disk that it had. Counts as
   * damage: of the same member.
   */
  | {
      readonly kind: 'old-disk';
      readonly target: number;
      readonly afterMs: number;
      readonly forMs: number;
    }
  | { readonly kind: 'wall-clock'; readonly target: Target; readonly jumpMs: number }
  | { readonly kind: 'drift'; readonly target: Target; readonly permille: number; readonly forMs: number }
  /** Members only: a client stands still. */
  | { readonly kind: 'move-leader'; readonly to: number };

export type FaultKind = Fault['kind'];

import type { Outcome } from './calls.js';

/**
 * What a workload's process did, in the words of its model: what linearizability, cycles, sets, banks and locks are checked
 * on. An operation may have taken several calls. All of it survives JSON.
 */
export type Operation = {
  /** Position in order of invocation, from 0. */
  readonly id: number;
  /**
   * Operations of one process never overlap. After an unknown outcome the client goes on as a new process (Jepsen's
   * convention).
   */
  readonly process: number;
  readonly invokedUs: number;
  /** Null: it never came back. */
  readonly completedUs: number | null;
} & OperationBody;

type Body<Kind extends string, Action, Result> = Action & {
  readonly kind: Kind;
  readonly outcome: Outcome<Result>;
};

export type OperationBody =
  // --- Registers
  | Body<'read', { readonly key: string; readonly serializable: boolean }, { readonly value: string | null }>
  | Body<'write', { readonly key: string; readonly value: string }, null>
  | Body<
      'cas',
      { readonly key: string; readonly expected: string | null; readonly value: string },
      { readonly swapped: boolean }
    >
  /** Puts text behind what the register holds; one that is not there holds none. */
  | Body<'concat', { readonly key: string; readonly value: string }, null>
  // --- Transactions over registers. Their results stand at the positions of their steps, null for writes.
  | Body<
      'registers',
      { readonly steps: readonly RegisterStep[] },
      { readonly reads: readonly (string | null)[] }
    >
  // --- List-append transactions
  | Body<
      'append',
      { readonly steps: readonly AppendStep[] },
      { readonly reads: readonly (readonly number[] | null)[] }
    >
  // --- Sets
  | Body<'add', { readonly set: string; readonly element: number }, null>
  | Body<'elements', { readonly set: string }, { readonly elements: readonly number[] }>
  // --- Bank
  | Body<
      'transfer',
      { readonly from: string; readonly to: string; readonly amount: number },
      { readonly moved: boolean }
    >
  | Body<'balances', object, { readonly balances: Readonly<Record<string, number>> }>
  // --- Unique ids
  | Body<'unique-id', object, { readonly id: string }>
  // --- Locks. `fence` is the revision at which the lock's key was created, and `lease` what it hangs on.
  /**
   * `front`: the create revision of the key whose turn it was at the revision that the store answered with: the same as
   * `fence`, if the store keeps its word. `fence` 0: the key was not there then.
   */
  | Body<
      'lock',
      { readonly name: string; readonly lease?: string },
      { readonly fence: number; readonly front?: number }
    >
  | Body<'unlock', { readonly name: string; readonly fence: number }, null>
  /** Adds an element to the set that the lock guards: read, think, write. `fenced`: the write is refused once a later fence wrote. */
  | Body<
      'guarded-add',
      {
        readonly set: string;
        readonly element: number;
        readonly fence: number;
        readonly fenced: boolean;
      },
      null
    >
  // --- Elections
  | Body<
      'campaign',
      { readonly election: string; readonly value: string; readonly lease?: string },
      { readonly fence: number }
    >
  | Body<'resign', { readonly election: string; readonly fence: number }, null>
  /** `value` null, `fence` 0: nobody leads. */
  | Body<'leader', { readonly election: string }, { readonly value: string | null; readonly fence: number }>
  /** Whoever led when it began, then whoever led next; some may be passed over. `atUs`: when the observer was told. */
  | Body<'observe', { readonly election: string }, { readonly leaders: readonly ObservedLeader[] }>
  // --- Leases
  | Body<'grant', { readonly lease: string; readonly ttlSeconds: number }, { readonly ttlSeconds: number }>
  /** `ttlSeconds` 0: gone. */
  | Body<'keep-alive', { readonly lease: string }, { readonly ttlSeconds: number }>
  | Body<'revoke', { readonly lease: string }, null>
  | Body<'attach', { readonly lease: string; readonly key: string }, null>
  /** Whether the key that was attached to the lease is still there. */
  | Body<'attached', { readonly lease: string; readonly key: string }, { readonly present: boolean }>
  // --- Membership. Members by id, 16 hexadecimal digits.
  | Body<'member-add', { readonly name: string; readonly isLearner: boolean }, { readonly member: string }>
  | Body<'member-remove', { readonly member: string }, null>
  | Body<'member-promote', { readonly member: string }, null>
  | Body<'member-update', { readonly member: string; readonly peerUrls: readonly string[] }, null>
  /** Not linearizable: as the asked member knows it. */
  | Body<
      'members',
      { readonly linearizable: boolean },
      {
        readonly members: readonly {
          readonly id: string;
          readonly isLearner: boolean;
          readonly peerUrls: readonly string[];
        }[];
      }
    >
  // --- Auth: who may do what are facts that hold or do not.
  /** Makes the facts so, all at once. */
  | Body<'auth-change', { readonly what: string; readonly facts: readonly AuthFact[] }, null>
  /** A request in somebody's name; it is right while all facts of one of `needs` hold. */
  | Body<
      'auth-request',
      { readonly what: string; readonly needs: readonly (readonly string[])[] },
      { readonly allowed: boolean }
    >;

export interface AuthFact {
  readonly fact: string;
  readonly holds: boolean;
}

export interface ObservedLeader {
  readonly value: string;
  readonly fence: number;
  readonly atUs: number;
}

/** The results of `append` stand at the positions of their steps: lists for reads, null for appends. */
export type AppendStep =
  | { readonly type: 'append'; readonly key: string; readonly value: number }
  | { readonly type: 'read'; readonly key: string };

export type RegisterStep =
  | { readonly type: 'write'; readonly key: string; readonly value: string }
  | { readonly type: 'read'; readonly key: string };

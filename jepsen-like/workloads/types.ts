import type { Random } from '../../src/base/index.js';
import type { OperationBody, Outcome } from '../history/index.js';
import type { ListedMember, Session, WatchHandle, WatchSpec } from '../store/index.js';

export type OperationKind = OperationBody['kind'];
type BodyOf<Kind extends OperationKind> = Extract<OperationBody, { readonly kind: Kind }>;
/** The operation without what came of it. */
export type Intent<Kind extends OperationKind> = { readonly kind: Kind } & Omit<
  BodyOf<Kind>,
  'outcome' | 'kind'
>;
export type Result<Kind extends OperationKind> =
  BodyOf<Kind>['outcome'] extends Outcome<infer Value> ? Value : never;

/** One client of a run. Its workload's actions run one after the other; what it starts in the background runs beside them. */
export interface Client {
  /** 0, 1, 2 … */
  readonly number: number;
  readonly session: Session;
  /** A session of its own for work in the background: another process to the checkers. */
  newSession(): Session;
  /**
   * Records an operation around its work. A CallError makes it `failed` or `unknown` (`unknown` unless it is a refusal, or the
   * operation only reads), renews the session's process after an unknown one, and is not thrown on: the outcome tells.
   */
  operation<Kind extends OperationKind>(
    intent: Intent<Kind>,
    work: () => Promise<Result<Kind>>,
    options?: { readonly session?: Session; readonly isRead?: boolean },
  ): Promise<Outcome<Result<Kind>>>;
  /** A watch that goes on where it was after every break, on the next member, until it is canceled or the run ends. */
  follow(spec: WatchSpec): FollowHandle;
  /** On the client's own clock; a paused client sleeps longer. Resolves early when the run ends. */
  sleep(ms: number): Promise<void>;
  nowUs(): number;
  /** True once the faults are over and all that is left is to read what came of it. */
  readonly isEnding: boolean;
  /** Runs beside the client's actions; the run ends it by `isEnding` and by waking its sleeps. What it throws fails the run. */
  background(work: () => Promise<void>): void;
  /** How members may come and go; null: the membership is to be left as it is. */
  readonly churn: ChurnControl | null;
  /** What a workload keeps for this client between its actions. */
  readonly state: Map<string, unknown>;
}

/**
 * The machines of a run whose membership may change. The cluster itself is asked by the workload; the runner gives machines to members that
 * were added, and takes them from those that were removed.
 */
export interface ChurnControl {
  /** Voters there were at the start. There is never more than one fewer. */
  readonly voterCount: number;
  /** The right to change the membership; null: not now, or somebody else has it. What it answers gives the right back. */
  begin(): (() => void) | null;
  /** Where a member of this name would listen to the others; at least one. It is added with the first of them. */
  peerUrlsOf(name: string): readonly string[];
  /** Whose URLs these are; null: no machine's. */
  nameOf(peerUrls: readonly string[]): string | null;
  /** Names of the machines that are there, with the ids of their members (16 hexadecimal digits). */
  machines(): ReadonlyMap<string, string>;
  /** A new machine, with an empty disk, for a member that the cluster has just added. Resolves once a process was started. */
  startMember(member: JoiningMember): Promise<void>;
  /**
   * The machine of a member that was removed: its process may run until it ends itself, and nobody starts another. Nothing happens
   * when there is none of this name.
   */
  stopMember(name: string): Promise<void>;
}

export interface JoiningMember {
  readonly name: string;
  readonly id: string;
  /** All that belong to the cluster now, the new one included. */
  readonly members: readonly ListedMember[];
}

export interface FollowHandle {
  readonly current: WatchHandle | null;
  readonly nextRevision: number;
  requestProgress(): void;
  pause(): void;
  resume(): void;
  cancel(): void;
}

/** What a drawn action may know of its run. */
export interface DrawContext {
  readonly random: Random;
  readonly client: number;
  readonly clients: number;
  /** A number that no other action of this plan has: makes values unique. */
  readonly nth: number;
  /** How many keys, accounts, sets … the workload should use: fewer means more contention. */
  readonly keys: number;
}

/**
 * Something that clients do, and that some checker can judge. An action is a small JSON value: it stands in plans, is drawn
 * beforehand, and shrinks by being left out. What it does may depend on what it reads, and on nothing else.
 */
export interface Workload<Action extends object = object> {
  /** `register`, `set`, `append`, `bank`, `unique-ids`, `lock`, `election`, `lease`, `watch`, `churn`, `auth`. */
  readonly name: string;
  /** For the help: what it does, in a line. */
  readonly summary: string;
  draw(context: DrawContext): Action;
  perform(action: Action, client: Client): Promise<void>;
  /** Once, by one client, before the first action: accounts that hold money, users and roles. Retries until it has worked. */
  prepare?(client: Client, options: { readonly keys: number }): Promise<void>;
  /** By every client, after the faults: the last reads. */
  finish?(client: Client, options: { readonly keys: number }): Promise<void>;
  /** It changes for everybody how the store answers: a run has it alone or not at all. */
  readonly isAlone?: true;
  /** Names of the checkers that judge it (all checkers look at every run all the same). */
  readonly checkers: readonly string[];
}

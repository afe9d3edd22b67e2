import { quorumIndex } from './quorum.js';
import type { CoreState, Leading } from './state.js';
import type { Index, NodeId, ReadIndexRequest, Rejection } from './types.js';

/** Reads of one node that wait for their index: more are refused. A driver asks once a turn, not once a request. */
const pendingReadsMax = 65_536;
/** Rounds of heartbeats under way for reads. What comes meanwhile shares the next one. */
const roundsMax = 16;

interface Waiting {
  own: number[];
  /** The newest context of each node that asked: its answer speaks for the older ones. */
  remote: Map<NodeId, number>;
}

interface Round extends Waiting {
  readonly number: number;
  readonly index: Index;
}

/**
 * The reads that a leader has to confirm (ReadIndex, dissertation §6.4). All that came in one turn make a round: the
 * commit index is noted, then heartbeats carry the round's number, and once a majority has answered them, this node
 * still led after the reads had come: nothing newer can have been committed elsewhere before. A round's answer confirms
 * all rounds before it. Numbers begin anew with each leadership, and answers of another term do not count.
 */
export class LeaderReads {
  #waiting: Waiting = { own: [], remote: new Map() };
  readonly #rounds: Round[] = [];
  #newest = 0;

  get newestRound(): number {
    return this.#newest;
  }

  /** What a heartbeat carries: the newest round that is not confirmed, 0 = none. */
  get readContext(): number {
    return this.#rounds.length > 0 ? this.#newest : 0;
  }

  get isFull(): boolean {
    return this.#waiting.own.length >= pendingReadsMax;
  }

  get canLaunch(): boolean {
    return (this.#waiting.own.length > 0 || this.#waiting.remote.size > 0) && this.#rounds.length < roundsMax;
  }

  addOwn(context: number): void {
    this.#waiting.own.push(context);
  }

  addRemote(node: NodeId, context: number): void {
    if (context > (this.#waiting.remote.get(node) ?? 0)) this.#waiting.remote.set(node, context);
  }

  launch(index: Index): void {
    this.#newest++;
    this.#rounds.push({ ...this.#waiting, number: this.#newest, index });
    this.#waiting = { own: [], remote: new Map() };
  }

  /** Takes out the rounds up to this number. */
  confirm(number: number): readonly Round[] {
    let count = 0;
    while (count < this.#rounds.length && (this.#rounds[count]?.number ?? Infinity) <= number) count++;
    return this.#rounds.splice(0, count);
  }
}

/** A read of this node's own driver. */
export function onRead(state: CoreState, context: number): Rejection | null {
  const { leading } = state;
  if (leading !== null) {
    if (leading.reads.isFull) return 'too-many-uncommitted';
    leading.reads.addOwn(context);
    return null;
  }
  if (state.leader === null) return 'no-leader';
  if (state.pendingReads.length >= pendingReadsMax) return 'too-many-uncommitted';
  state.pendingReads.push(context);
  state.outbox.readToRequest = context;
  return null;
}

export function onReadIndexRequest(state: CoreState, message: ReadIndexRequest): void {
  state.leading?.reads.addRemote(message.from, message.context);
}

export function canLaunchReads(state: CoreState, leading: Leading): boolean {
  // Before the first commit of its own term a leader may not know of all that is committed (bug 31 of many systems).
  return leading.reads.canLaunch && state.commit >= leading.termStart;
}

/** Once a turn: a round for all reads that wait. A lone voter confirms it at once. */
export function launchReads(state: CoreState, leading: Leading): void {
  if (!canLaunchReads(state, leading)) return;
  leading.reads.launch(state.commit);
  confirmReads(state, leading);
  if (leading.reads.readContext > 0) leading.heartbeatDue = true;
}

/** After a peer's answer: hands out what a majority has confirmed by now. */
export function confirmReads(state: CoreState, leading: Leading): void {
  if (leading.reads.readContext === 0) return;
  const confirmed = quorumIndex(state.history.latest, (node) =>
    node === state.id ? leading.reads.newestRound : (leading.progress.get(node)?.readRound ?? 0),
  );
  for (const round of leading.reads.confirm(confirmed)) {
    const { index } = round;
    for (const context of round.own) state.outbox.confirmedReads.push({ context, index });
    for (const [to, context] of round.remote) {
      const { id: from, term } = state;
      state.outbox.messages.push({ type: 'read-index-response', from, to, term, context, index });
    }
  }
}

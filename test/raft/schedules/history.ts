import type { Entry, Index, NodeId, Position, Term } from '../../../src/raft/index.js';

/** All that the cluster has ever promised: what the properties are held against. */
export interface History {
  /** The leader of each term. */
  readonly leaders: Map<Term, NodeId>;
  /** Every entry that was ever in a log, by place; with the term of the entry before it. */
  readonly entries: Map<number, { readonly entry: Entry; readonly previousTerm: Term }>;
  /** The one sequence of committed entries; the first has index `genesis.index` + 1. */
  readonly committed: Entry[];
  /** The term of the leader that committed each of them. Never decreases. */
  readonly commitTerms: Term[];
  /** Whom each node voted for, as it is on its disk: node → term → candidate. */
  readonly votes: Map<NodeId, Map<Term, NodeId>>;
  readonly genesis: Position;
}

export function createHistory(genesis: Position): History {
  return {
    leaders: new Map(),
    entries: new Map(),
    committed: [],
    commitTerms: [],
    votes: new Map(),
    genesis: { term: genesis.term, index: genesis.index },
  };
}

/** The highest index that anybody has committed. */
export function commitOf(history: History): Index {
  return history.genesis.index + history.committed.length;
}

/** The committed entry of this index; null above the commit index and at or below the genesis. */
export function committedAt(history: History, index: Index): Entry | null {
  return history.committed[index - history.genesis.index - 1] ?? null;
}

/** Whether this position is part of the committed sequence. */
export function isCommitted(history: History, position: Position): boolean {
  if (position.index < history.genesis.index) return position.index === 0;
  if (position.index === history.genesis.index) return position.term === history.genesis.term;
  return committedAt(history, position.index)?.term === position.term;
}

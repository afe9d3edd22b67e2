import { assert, unreachable } from '../base/index.js';
import type { EntryKind, Message, NodeId, Position, SnapshotMeta } from '../raft/index.js';
import { ProtocolError } from './wire.js';

/** An entry as it travels, without its index, which is its place in the append: `unflatten` fills it in. */
export interface FlatEntry {
  readonly term: number;
  index: number;
  readonly kind: EntryKind;
  readonly data: Uint8Array;
}

/** One record for every kind of message, as peer.proto has it: what a kind does not use is zero, null or empty. */
export interface FlatMessage {
  type: Message['type'];
  term: number;
  index: number;
  logTerm: number;
  commit: number;
  context: number;
  flag: boolean;
  conflict: Position | null;
  entries: readonly FlatEntry[];
  snapshot: SnapshotMeta | null;
}

const noEntries: readonly FlatEntry[] = [];

export function createFlat(type: Message['type'], term: number): FlatMessage {
  return {
    type,
    term,
    index: 0,
    logTerm: 0,
    commit: 0,
    context: 0,
    flag: false,
    conflict: null,
    entries: noEntries,
    snapshot: null,
  };
}

export function flatten(message: Message): FlatMessage {
  const flat = createFlat(message.type, message.term);
  switch (message.type) {
    case 'vote':
      flat.flag = message.transfer;
      flat.index = message.last.index;
      flat.logTerm = message.last.term;
      return flat;
    case 'pre-vote':
      flat.index = message.last.index;
      flat.logTerm = message.last.term;
      return flat;
    case 'pre-vote-response':
    case 'vote-response':
      flat.flag = message.granted;
      return flat;
    case 'append': {
      const first = message.entries[0];
      const last = message.entries.at(-1);
      assert(first === undefined || first.index === message.previous.index + 1, 'an append without a gap');
      assert(
        last === undefined || last.index === message.previous.index + message.entries.length,
        'the entries of an append without a gap',
      );
      flat.index = message.previous.index;
      flat.logTerm = message.previous.term;
      flat.commit = message.commit;
      flat.entries = message.entries;
      return flat;
    }
    case 'append-response':
      flat.index = message.index;
      flat.conflict = message.conflict;
      return flat;
    case 'heartbeat':
      flat.commit = message.commit;
      flat.context = message.readContext;
      return flat;
    case 'heartbeat-response':
      flat.context = message.readContext;
      return flat;
    case 'snapshot':
      flat.snapshot = message.meta;
      return flat;
    case 'propose':
      flat.entries = message.entries.map(({ kind, data }) => ({ term: 0, index: 0, kind, data }));
      return flat;
    case 'read-index':
      flat.context = message.context;
      return flat;
    case 'read-index-response':
      flat.context = message.context;
      flat.index = message.index;
      return flat;
    case 'timeout-now':
      return flat;
    default:
      return unreachable(message);
  }
}

/** The message that `flatten` made this of, between the two ends of the stream. Throws a ProtocolError where it cannot be. */
export function unflatten(flat: FlatMessage, from: NodeId, to: NodeId): Message {
  const { type, term, index, context } = flat;
  switch (type) {
    case 'vote':
      return { type, from, to, term, last: { term: flat.logTerm, index }, transfer: flat.flag };
    case 'pre-vote':
      return { type, from, to, term, last: { term: flat.logTerm, index } };
    case 'pre-vote-response':
    case 'vote-response':
      return { type, from, to, term, granted: flat.flag };
    case 'append': {
      const { entries } = flat;
      entries.forEach((entry, place) => (entry.index = index + 1 + place));
      if (index + entries.length > Number.MAX_SAFE_INTEGER)
        throw new ProtocolError('an index is beyond 2^53');
      return { type, from, to, term, previous: { term: flat.logTerm, index }, entries, commit: flat.commit };
    }
    case 'append-response':
      return { type, from, to, term, index, conflict: flat.conflict };
    case 'heartbeat':
      return { type, from, to, term, commit: flat.commit, readContext: context };
    case 'heartbeat-response':
      return { type, from, to, term, readContext: context };
    case 'snapshot':
      if (flat.snapshot === null) throw new ProtocolError('a snapshot message says nothing of its snapshot');
      return { type, from, to, term, meta: flat.snapshot };
    case 'propose':
      return { type, from, to, term, entries: flat.entries.map(({ kind, data }) => ({ kind, data })) };
    case 'read-index':
      return { type, from, to, term, context };
    case 'read-index-response':
      return { type, from, to, term, context, index };
    case 'timeout-now':
      return { type, from, to, term };
    default:
      return unreachable(type);
  }
}

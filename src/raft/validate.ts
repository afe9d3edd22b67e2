import { configurationProblem } from './configuration.js';
import type { Append, Message, NodeId, Position, Propose } from './types.js';

/** Far above what a cluster can reach, far below where numbers stop being exact: no arithmetic here can overflow. */
const countMax = 2 ** 50;

/**
 * Does the message keep the rules that every honest sender keeps? A message is somebody else's bytes: one that does not
 * is dropped, whatever a member of another version, a bug or a forger meant by it. What can be wrong only in the light
 * of our own state is judged where it is used.
 */
export function isWellFormed(message: Message, self: NodeId): boolean {
  if (message.to !== self || message.from === self || message.from === '') return false;
  if (!isCount(message.term) || message.term === 0) return false;
  switch (message.type) {
    case 'append':
      return isAppend(message);
    case 'append-response':
      return isCount(message.index) && (message.conflict === null || isPosition(message.conflict));
    case 'heartbeat':
      return isCount(message.commit) && isCount(message.readContext);
    case 'heartbeat-response':
      return isCount(message.readContext);
    case 'pre-vote':
      return isPosition(message.last) && message.last.term < message.term;
    case 'vote':
      return isPosition(message.last) && message.last.term < message.term && isBoolean(message.transfer);
    case 'pre-vote-response':
    case 'vote-response':
      return isBoolean(message.granted);
    case 'snapshot':
      if (!isPosition(message.meta) || message.meta.index === 0 || message.meta.term > message.term)
        return false;
      return (
        message.meta.configuration.voters.length > 0 &&
        configurationProblem(message.meta.configuration) === null
      );
    case 'propose':
      return message.entries.every(isProposal);
    case 'read-index':
      return isCount(message.context) && message.context > 0;
    case 'read-index-response':
      return isCount(message.context) && isCount(message.index);
    case 'timeout-now':
      return true;
    default:
      return false; // A kind of a later version.
  }
}

function isAppend({ term, previous, entries, commit }: Append): boolean {
  if (!isPosition(previous) || !isCount(commit) || previous.term > term) return false;
  let { term: termBefore, index: indexBefore } = previous;
  for (const entry of entries) {
    if (entry.index !== indexBefore + 1 || !isCount(entry.term) || !isKind(entry.kind)) return false;
    if (entry.term < termBefore || entry.term > term || entry.term === 0) return false;
    termBefore = entry.term;
    indexBefore = entry.index;
  }
  return true;
}

function isProposal({ kind, data }: Propose['entries'][number]): boolean {
  return isKind(kind) && data instanceof Uint8Array;
}

function isPosition({ term, index }: Position): boolean {
  return isCount(term) && isCount(index) && (index > 0 || term === 0) && (term > 0 || index === 0);
}

function isCount(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= countMax;
}

function isBoolean(value: boolean): boolean {
  return typeof value === 'boolean';
}

function isKind(kind: string): boolean {
  return kind === 'normal' || kind === 'configuration';
}

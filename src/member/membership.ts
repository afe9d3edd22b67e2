import { QuorateError } from '../base/index.js';
import type { MemberRecord, Membership } from '../mvcc/index.js';
import type { PeerAddress } from '../peer/index.js';
import type { Configuration, ConfigurationChange, NodeId } from '../raft/index.js';

/**
 * What a configuration entry says of the member it concerns besides its id: the `context` of the core's change, JSON in
 * UTF-8. Empty when the change needs none (a removal).
 */
export function encodeMemberContext(record: MemberRecord | null): Uint8Array {
  return record === null ? new Uint8Array(0) : Buffer.from(JSON.stringify(record), 'utf8');
}

/** Null where the context names nobody. Throws `internal` on bytes that are no context. */
export function decodeMemberContext(context: Uint8Array): MemberRecord | null {
  if (context.length === 0) return null;
  try {
    const value: unknown = JSON.parse(Buffer.from(context).toString('utf8'));
    if (isMemberRecord(value)) return value;
  } catch (error) {
    throw new QuorateError('internal', 'a configuration entry with an unreadable context', { cause: error });
  }
  throw new QuorateError('internal', 'a configuration entry whose context is no member record');
}

function isMemberRecord(value: unknown): value is MemberRecord {
  if (typeof value !== 'object' || value === null) return false;
  const record = value as Partial<Record<keyof MemberRecord, unknown>>;
  return (
    typeof record.id === 'string' &&
    typeof record.name === 'string' &&
    typeof record.isLearner === 'boolean' &&
    isStrings(record.peerUrls) &&
    isStrings(record.clientUrls)
  );
}

function isStrings(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((element) => typeof element === 'string');
}

/**
 * The membership after a committed configuration entry. `configuration` is the one in force from that entry on.
 *
 * A newcomer that is to vote begins as a learner of the core, so that the others need no majority with it before it is
 * there: its record says what it is to be, and the leader makes it so (see `joiningOf`).
 */
export function membershipAfter(
  before: Membership,
  change: ConfigurationChange,
  configuration: Configuration,
): Membership {
  const records = new Map(before.members.map((member) => [member.id, member]));
  const context = change.type === 'change' ? decodeMemberContext(change.context) : null;
  if (context !== null) {
    const known = records.get(context.id);
    // What a member has published of itself meanwhile stands.
    const { peerUrls } = context;
    records.set(context.id, known === undefined ? context : { ...known, peerUrls });
  }
  const present = nodesOf(configuration);
  const gone = [...records.keys()].filter((id) => !present.has(id));
  const learners = new Set([...configuration.learners, ...configuration.learnersNext]);
  const members = [...records.values()]
    .filter((member) => present.has(member.id))
    .map((member) => ({ ...member, isLearner: member.isLearner && learners.has(member.id) }))
    .sort((a, b) => (a.id < b.id ? -1 : 1));
  return { configuration, members, removed: [...new Set([...before.removed, ...gone])].sort() };
}

/** Who is to vote as soon as it holds the log. */
export function joiningOf({ members, configuration }: Membership): readonly NodeId[] {
  const learners = new Set(configuration.learners);
  return members.filter(({ id, isLearner }) => !isLearner && learners.has(id)).map(({ id }) => id);
}

export function nodesOf(configuration: Configuration): ReadonlySet<NodeId> {
  const { voters, outgoing, learners, learnersNext } = configuration;
  return new Set([...voters, ...outgoing, ...learners, ...learnersNext]);
}

/**
 * Whom to connect to. A member that a configuration in the log names may not be in the applied membership yet; its
 * addresses are then in the entry's context, which `announced` holds.
 */
export function peersOf(
  self: NodeId,
  configuration: Configuration,
  membership: Membership,
  announced: ReadonlyMap<NodeId, MemberRecord>,
): readonly PeerAddress[] {
  const applied = new Map(membership.members.map((member) => [member.id, member]));
  const ids = new Set([...nodesOf(configuration), ...applied.keys()]);
  return [...ids]
    .filter((id) => id !== self)
    .map((id) => ({ id, urls: (announced.get(id) ?? applied.get(id))?.peerUrls ?? [] }));
}

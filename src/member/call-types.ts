import { QuorateError } from '../base/index.js';
import type { Caller, MemberRecord } from '../mvcc/index.js';

/** What one member may ask another, and what it gets. Both travel as JSON. */
export interface CallTypes {
  /** Of the leader. Answers with the TTL of each: 0 there is no such lease, −1 it has expired and is being revoked. */
  readonly 'renew-leases': { readonly question: readonly string[]; readonly answer: readonly number[] };
  /** Of the leader: milliseconds left; null there is no such lease. */
  readonly 'lease-remaining': { readonly question: string; readonly answer: number | null };
  /** Of the leader. */
  readonly 'change-members': { readonly question: MemberChangeQuestion; readonly answer: MemberChangeAnswer };
  /** Of any member: its hash at a revision. */
  readonly 'hash-kv': { readonly question: number; readonly answer: HashAnswer };
}

export type CallType = keyof CallTypes;

export type MemberChange =
  | { readonly type: 'add'; readonly peerUrls: readonly string[]; readonly isLearner: boolean }
  | { readonly type: 'remove'; readonly id: string }
  | { readonly type: 'update'; readonly id: string; readonly peerUrls: readonly string[] }
  | { readonly type: 'promote'; readonly id: string }
  /** Both at once, through joint consensus: the learner `id` becomes a voter and the voter leaves. */
  | { readonly type: 'replace'; readonly id: string; readonly leaving: string };

export interface MemberChangeQuestion {
  readonly change: MemberChange;
  readonly caller: Caller;
}

export interface MemberChangeAnswer {
  /** Of the entry in the log. */
  readonly index: number;
  /** The member that the change concerns, as it is now; of a removal as it was. */
  readonly member: MemberRecord;
  readonly members: readonly MemberRecord[];
}

export interface HashAnswer {
  readonly hash: number;
  readonly hashRevision: number;
  readonly compactRevision: number;
}

/** The one place that reads JSON of other members: each reader throws `internal` unless the value is what it should be. */
export const questionReaders: { readonly [T in CallType]: (value: unknown) => CallTypes[T]['question'] } = {
  'renew-leases': (value) => listOf(value, leaseIdOf),
  'lease-remaining': leaseIdOf,
  'change-members': (value) => {
    const { change, caller } = recordOf(value);
    return { change: changeOf(change), caller: callerOf(caller) };
  },
  'hash-kv': numberOf,
};

export const answerReaders: { readonly [T in CallType]: (value: unknown) => CallTypes[T]['answer'] } = {
  'renew-leases': (value) => listOf(value, numberOf),
  'lease-remaining': (value) => (value === null ? null : numberOf(value)),
  'change-members': (value) => {
    const { index, member, members } = recordOf(value);
    return { index: numberOf(index), member: memberOf(member), members: listOf(members, memberOf) };
  },
  'hash-kv': (value) => {
    const { hash, hashRevision, compactRevision } = recordOf(value);
    return {
      hash: numberOf(hash),
      hashRevision: numberOf(hashRevision),
      compactRevision: numberOf(compactRevision),
    };
  },
};

export function isCallType(value: unknown): value is CallType {
  return typeof value === 'string' && Object.hasOwn(questionReaders, value);
}

function changeOf(value: unknown): MemberChange {
  const { type, id, leaving, peerUrls, isLearner } = recordOf(value);
  switch (type) {
    case 'add':
      return { type, peerUrls: listOf(peerUrls, textOf), isLearner: isLearner === true };
    case 'remove':
    case 'promote':
      return { type, id: textOf(id) };
    case 'update':
      return { type, id: textOf(id), peerUrls: listOf(peerUrls, textOf) };
    case 'replace':
      return { type, id: textOf(id), leaving: textOf(leaving) };
    default:
      throw unreadable();
  }
}

function callerOf(value: unknown): Caller {
  if (value === 'trusted') return value;
  const { user, authRevision } = recordOf(value);
  return { user: textOf(user), authRevision: numberOf(authRevision) };
}

function memberOf(value: unknown): MemberRecord {
  const { id, name, peerUrls, clientUrls, isLearner } = recordOf(value);
  return {
    id: textOf(id),
    name: textOf(name),
    peerUrls: listOf(peerUrls, textOf),
    clientUrls: listOf(clientUrls, textOf),
    isLearner: isLearner === true,
  };
}

function leaseIdOf(value: unknown): string {
  if (typeof value === 'string' && /^-?[0-9]{1,19}$/.test(value)) return value;
  throw unreadable();
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null) return value as Readonly<Record<string, unknown>>;
  throw unreadable();
}

function listOf<T>(value: unknown, read: (element: unknown) => T): readonly T[] {
  if (Array.isArray(value)) return value.map((element) => read(element));
  throw unreadable();
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  throw unreadable();
}

function numberOf(value: unknown): number {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return value;
  throw unreadable();
}

export function unreadable(): QuorateError {
  return new QuorateError(
    'internal',
    'another member sent what this one does not understand: do their versions differ?',
  );
}

import type { Told } from './answer.js';
import type { Model } from './model.js';
import type { MethodName } from './wire.js';

export interface Seen {
  readonly method: MethodName;
  readonly isJson: boolean;
  readonly theirs: Told;
  readonly ours: Told;
  readonly model: Model;
}

/** A difference that is meant. docs/compatibility.md repeats the table. */
export interface MeantDifference {
  readonly name: string;
  readonly etcd: string;
  readonly quorate: string;
  readonly why: string;
  readonly applies: (seen: Seen) => boolean;
}

export const meantDifferences: readonly MeantDifference[] = [
  {
    name: 'who is told of members and alarms',
    etcd: 'everybody',
    quorate: 'users',
    why: 'later etcds (CVE-2026-33413)',
    applies: ({ method, theirs, ours }) =>
      (method === 'Cluster/MemberList' || method === 'Maintenance/Alarm') &&
      theirs.ok &&
      /user name is empty|invalid auth token|permission denied/.test(ours.text),
  },
  {
    name: 'who is told of leases',
    etcd: 'everybody',
    quorate: 'users, and of the keys those who may read them',
    why: 'later etcds (CVE-2026-33413)',
    applies: ({ method, theirs, ours }) =>
      (method === 'Lease/LeaseTimeToLive' || method === 'Lease/LeaseLeases') &&
      theirs.ok &&
      /user name is empty|invalid auth token|permission denied/.test(ours.text),
  },
  {
    name: 'refusals of Maintenance',
    etcd: 'its methods tell who is refused by code and sentence of its insides: UNKNOWN, `auth: invalid auth token`',
    quorate: 'by those that all other methods have',
    why: 'clients know them',
    applies: isInsideOfMaintenance,
  },
  {
    name: 'password for a user without one',
    etcd: 'UNKNOWN, `auth: authentication failed, password was given for no password user`',
    quorate: '`authentication failed, invalid user ID or password`',
    why: 'does not tell strangers which users there are',
    applies: ({ method, theirs, ours }) =>
      method === 'Auth/Authenticate' &&
      theirs.text.includes('password was given for no password user') &&
      ours.text.includes('authentication failed, invalid user ID or password'),
  },
  {
    name: 'unknown token of a wrong request',
    etcd: 'says what is wrong with the request',
    quorate: '`invalid auth token`',
    why: 'who asks is settled first',
    applies: ({ theirs, ours }) =>
      !theirs.ok && /code 3:|code 11:|HTTP 400/.test(theirs.text) && /invalid auth token/.test(ours.text),
  },
];

/** What both would answer differently, and is not sent: what follows would differ too, or etcd would end. */
export const leftOut: readonly Omit<MeantDifference, 'name' | 'applies'>[] = [
  {
    etcd: 'grants permissions of an empty key, or of a range that holds nothing',
    quorate: '`invalid auth management`',
    why: 'later etcds refuse them too',
  },
  {
    etcd: 'lets every user compact, raise and end alarms, see, renew and grant leases',
    quorate: 'compaction and alarms take root; leases take the rights to their keys, and a user',
    why: 'later etcds (CVE-2026-33413)',
  },
  {
    etcd: 'lets a put of a transaction see the previous value, and bind to any lease, whatever its user may',
    quorate: 'holds it to the same rules as a put outside',
    why: 'later etcds (CVE-2026-44283)',
  },
  {
    etcd: 'a watch from a key on takes the right to that key alone, and tells of all that follow',
    quorate: 'takes the right to all that it tells of',
    why: 'a bug of etcd 3.4',
  },
  {
    etcd: 'looks at no permission within nested transactions',
    quorate: 'at all of them',
    why: 'later etcds check them too',
  },
  {
    etcd: 'looks at no permission to write or to manage users while an alarm is raised',
    quorate: 'looks at all of them',
    why: 'a bug of etcd 3.4',
  },
  {
    etcd: 'lets puts in nested transactions pass while the space alarm is raised',
    quorate: 'refuses them',
    why: 'a bug of etcd 3.4',
  },
  {
    etcd:
      'members diverge after a transaction that writes and reads a revision that is not there: those that were not asked ' +
      'leave out the read, and its refusal with it',
    quorate: 'the refused transaction writes nothing anywhere',
    why: 'a bug of etcd 3.4; compared with an etcd of one member',
  },
  {
    etcd: 'ends at a transaction that deletes from a key on and then keeps the value or lease of a key of that range',
    quorate: 'refuses it',
    why: 'a bug of etcd 3.4',
  },
  {
    etcd: 'raises alarms of no kind; one of no member ends it',
    quorate: 'raises none',
    why: 'a bug of etcd 3.4',
  },
  {
    etcd: 'watches from a revision below 0 tell nothing of the past, and keep events from those that begin with them',
    quorate: 'tell all that is left of the past',
    why: 'a bug of etcd 3.4',
  },
  {
    etcd: "a watch from the compacted revision itself is not told of that revision's deletions",
    quorate: 'is told',
    why: 'a bug of etcd 3.4',
  },
];

/** The name of the meant difference that this is, or null. */
export function explain(seen: Seen): string | null {
  return meantDifferences.find(({ applies }) => applies(seen))?.name ?? null;
}

function isInsideOfMaintenance({ method, theirs, ours }: Seen): boolean {
  const [, inside] = /(?:^code 2: |"error": ")auth: ([^"]*)/.exec(theirs.text) ?? [];
  return (
    method.startsWith('Maintenance/') && inside !== undefined && ours.text.includes(`etcdserver: ${inside}`)
  );
}

import { emptyBytes, QuorateError } from '../base/index.js';
import type { ErrorCode, Key } from '../base/index.js';
import type { Row, Tables } from './tables.js';
import type { Alarm, AlarmCommand, AlarmType, Command, TxnRequest } from './types.js';

/*
 * What the table `alarms` of tables.ts holds: a row for each alarm that is raised. Frozen.
 *
 *   row name    = kind member                 kind: a byte, 1 no-space, 2 corrupt (etcd's numbers); member: its id as text
 *   row content = nothing
 */
const kinds = { 'no-space': '\x01', corrupt: '\x02' } as const satisfies Record<AlarmType, Key>;

/** An alarm may name any member, also one that is not there; beyond so many only those that are there. Frozen. */
const alarmsMax = 1000;

/** The alarms as part of the replicated state, and what they forbid. */
export interface AlarmState {
  /** Sorted by member, then alarm. */
  readonly list: readonly Alarm[];
  /**
   * Answers as etcd: raising answers with the alarm even if it was raised already, ending one that was not with none.
   * Null: refused, for there are too many, and this one is not of a member.
   */
  apply(command: AlarmCommand, isOfMember: boolean): readonly Alarm[] | null;
  /** Null: no alarm that is raised, by whichever member, forbids it. */
  check(command: Command): ErrorCode | null;
}

/** Takes up what the table `alarms` holds; errors: `storage-corrupt`. */
export function createAlarms(tables: Tables): AlarmState {
  let list: readonly Alarm[] = tables.restored('alarms').map(decodeAlarm).sort(byMember);

  function isRaised(wanted: AlarmType): boolean {
    return list.some(({ alarm }) => alarm === wanted);
  }

  return {
    get list() {
      return list;
    },

    apply({ action, memberId, alarm }, isOfMember) {
      const others = list.filter((each) => each.memberId !== memberId || each.alarm !== alarm);
      const named = { memberId, alarm };
      const wasRaised = others.length < list.length;
      if (action === 'activate') {
        if (!wasRaised && !isOfMember && list.length >= alarmsMax) return null;
        if (!wasRaised) tables.set('alarms', rowNameOf(named), emptyBytes);
        list = [...others, named].sort(byMember);
        return [named];
      }
      if (wasRaised) tables.delete('alarms', rowNameOf(named));
      list = others;
      return wasRaised ? [named] : [];
    },

    check(command) {
      if (list.length === 0) return null;
      if (isRaised('corrupt') && touchData.has(command.type)) return 'corrupt';
      return isRaised('no-space') && takesSpace(command) ? 'no-space' : null;
    },
  };
}

/** What etcd's applierV3Corrupt refuses. */
const touchData: ReadonlySet<Command['type']> = new Set([
  'put',
  'delete-range',
  'txn',
  'compact',
  'lease-grant',
  'lease-revoke',
]);

/** What etcd's applierV3Capped refuses, and puts in nested transactions too, which it forgets. */
function takesSpace(command: Command): boolean {
  return (
    command.type === 'put' || command.type === 'lease-grant' || (command.type === 'txn' && puts(command))
  );
}

/** In either branch: the request decides, not its outcome. */
function puts({ success, failure }: TxnRequest): boolean {
  return [success, failure].some((operations) =>
    operations.some((operation) => operation.type === 'put' || (operation.type === 'txn' && puts(operation))),
  );
}

function byMember(a: Alarm, b: Alarm): number {
  if (a.memberId !== b.memberId) return a.memberId < b.memberId ? -1 : 1;
  return kinds[a.alarm] < kinds[b.alarm] ? -1 : 1;
}

function rowNameOf({ memberId, alarm }: Alarm): Key {
  return kinds[alarm] + memberId;
}

function decodeAlarm({ name, content }: Row): Alarm {
  if (content.length > 0) throw strange('an alarm with content', name);
  const memberId = name.slice(1);
  switch (name.charAt(0)) {
    case kinds['no-space']:
      return { memberId, alarm: 'no-space' };
    case kinds.corrupt:
      return { memberId, alarm: 'corrupt' };
    default:
      throw strange('an alarm of no known kind', name);
  }
}

function strange(what: string, name: Key): QuorateError {
  const found = Buffer.from(name, 'latin1').toString('hex');
  return new QuorateError('storage-corrupt', `the state store holds ${what}, ${found}`);
}

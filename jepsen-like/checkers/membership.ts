import type { History, Operation } from '../history/index.js';
import { anomalyOf, verdictOf } from './anomaly.js';
import { groupBy } from './group-by.js';
import type { Anomaly, Checker } from './types.js';

type Kind<K extends Operation['kind']> = Extract<Operation, { readonly kind: K }>;
type Change = Kind<'member-add' | 'member-remove' | 'member-promote' | 'member-update'>;
type Listed = Extract<Kind<'members'>['outcome'], { readonly type: 'ok' }>['value']['members'][number];

/**
 * A member that was added is in every list that is asked for later, until somebody begins to remove it; once it is removed, it is in
 * none, and its id is given to nobody else. Promotions and new addresses stay. Lists that are not linearizable are passed over.
 */
export const membership: Checker = {
  name: 'membership',
  check({ operations }: History) {
    const changes = operations.filter(
      (each): each is Change =>
        each.kind === 'member-add' ||
        each.kind === 'member-remove' ||
        each.kind === 'member-promote' ||
        each.kind === 'member-update',
    );
    const lists = operations.filter(
      (each): each is Kind<'members'> => each.kind === 'members' && each.linearizable,
    );
    if (changes.length === 0 && lists.length === 0) return { type: 'skipped' };
    const anomalies: Anomaly[] = [];
    for (const [member, its] of groupBy(changes, memberOf)) {
      if (member === '') continue; // Nobody was told its id.
      const lives = lifeOf(member, its, anomalies);
      for (const list of lists) checkList(list, lives, anomalies);
    }
    return verdictOf(anomalies);
  },
};

function memberOf(change: Change): string {
  if (change.kind !== 'member-add') return change.member;
  return change.outcome.type === 'ok' ? change.outcome.value.member : '';
}

interface Life {
  readonly member: string;
  readonly added: Change | null;
  readonly removed: Change | null;
  /** From here on it may be gone. */
  readonly leavingUs: number;
  readonly promoted: Change | null;
  readonly updates: readonly Kind<'member-update'>[];
}

function lifeOf(member: string, changes: readonly Change[], anomalies: Anomaly[]): Life {
  const done = changes.filter(({ outcome }) => outcome.type === 'ok');
  const [added = null, again] = done.filter(({ kind }) => kind === 'member-add');
  if (added !== null && again !== undefined) {
    const told = `two members were added with the id ${member}`;
    anomalies.push(anomalyOf('an id of a member twice', told, { operations: [added.id, again.id] }));
  }
  const removals = changes.filter(
    ({ kind, outcome }) => kind === 'member-remove' && outcome.type !== 'failed',
  );
  return {
    member,
    added,
    removed: earliest(removals.filter(({ outcome }) => outcome.type === 'ok')),
    leavingUs: Math.min(Infinity, ...removals.map(({ invokedUs }) => invokedUs)),
    promoted: earliest(done.filter(({ kind }) => kind === 'member-promote')),
    updates: changes.filter(
      (each): each is Kind<'member-update'> =>
        each.kind === 'member-update' && each.outcome.type !== 'failed',
    ),
  };
}

function earliest(changes: readonly Change[]): Change | null {
  return changes.reduce<Change | null>(
    (first, each) => (first === null || endOf(each) < endOf(first) ? each : first),
    null,
  );
}

function checkList(list: Kind<'members'>, life: Life, anomalies: Anomaly[]): void {
  if (list.outcome.type !== 'ok') return;
  const { member, added, removed, promoted } = life;
  const listed = list.outcome.value.members.find(({ id }) => id === member);
  const isAfter = (change: Change | null): change is Change =>
    change !== null && endOf(change) < list.invokedUs;
  const isLeaving = life.leavingUs <= endOf(list);
  const blame = (name: string, told: string, change: Change): void =>
    void anomalies.push(anomalyOf(name, `member ${member} ${told}`, { operations: [change.id, list.id] }));
  if (listed === undefined) {
    if (isAfter(added) && !isLeaving)
      blame('a member is missing', 'was added and is not in a later list', added);
    return;
  }
  if (isAfter(removed)) blame('a member came back', 'was removed and is in a later list', removed);
  if (isAfter(promoted) && listed.isLearner)
    blame('a promotion was lost', 'was promoted and is a learner in a later list', promoted);
  checkAddresses(list, listed, life, blame);
}

/** Those of the last update, if it is plain which one that is. */
function checkAddresses(
  list: Kind<'members'>,
  listed: Listed,
  { updates }: Life,
  blame: (name: string, told: string, change: Change) => void,
): void {
  const before = updates.filter(({ invokedUs }) => invokedUs <= endOf(list));
  const last = before.reduce<Kind<'member-update'> | null>(
    (found, each) => (found === null || each.invokedUs > found.invokedUs ? each : found),
    null,
  );
  if (last?.outcome.type !== 'ok' || endOf(last) >= list.invokedUs) return;
  const isAlone = before.every((each) => each === last || endOf(each) < last.invokedUs);
  // Members list addresses in an order of their own.
  if (isAlone && listed.peerUrls.toSorted().join() !== last.peerUrls.toSorted().join())
    blame(
      'addresses were lost',
      `has other addresses than it was given: ${listed.peerUrls.join(', ')}`,
      last,
    );
}

function endOf({ completedUs, outcome }: Operation): number {
  return outcome.type === 'unknown' ? Infinity : (completedUs ?? Infinity);
}

import type { History, Operation } from '../history/index.js';
import { anomalyOf, verdictOf } from './anomaly.js';
import { precedes } from './order.js';
import type { Anomaly, Checker } from './types.js';

type Kind<K extends Operation['kind']> = Extract<Operation, { readonly kind: K }>;
type Balances = Kind<'balances'>;
type Transfer = Kind<'transfer'>;

/**
 * Money is neither made nor lost, no account is overdrawn, and none comes or goes. The first total that was read is the right one. From one
 * read to the next, each account has changed by what was moved between them.
 */
export const bank: Checker = {
  name: 'bank',
  check({ operations }: History) {
    const reads = operations.filter(
      (each): each is Balances => each.kind === 'balances' && each.outcome.type === 'ok',
    );
    const [first] = reads;
    if (first === undefined) return { type: 'skipped' };
    const anomalies: Anomaly[] = [];
    for (const read of reads) checkRead(read, first, anomalies);
    checkMoves(operations.filter(isTransfer), reads, anomalies);
    return verdictOf(anomalies);
  },
};

/** One that may have moved something. */
function isTransfer(operation: Operation): operation is Transfer {
  if (operation.kind !== 'transfer') return false;
  return operation.outcome.type === 'ok'
    ? operation.outcome.value.moved
    : operation.outcome.type === 'unknown';
}

function balancesOf({ outcome }: Balances): Readonly<Record<string, number>> {
  return outcome.type === 'ok' ? outcome.value.balances : {};
}

function totalOf(read: Balances): number {
  return Object.values(balancesOf(read)).reduce((sum, balance) => sum + balance, 0);
}

function accountsOf(read: Balances): string {
  return Object.keys(balancesOf(read)).sort().join(', ');
}

function checkRead(read: Balances, first: Balances, anomalies: Anomaly[]): void {
  const ids = { operations: read === first ? [read.id] : [first.id, read.id] };
  if (totalOf(read) !== totalOf(first))
    anomalies.push(anomalyOf('money', `the total was ${totalOf(first)} and is ${totalOf(read)}`, ids));
  if (accountsOf(read) !== accountsOf(first)) {
    const what = `the accounts were ${accountsOf(first)} and are ${accountsOf(read)}`;
    anomalies.push(anomalyOf('accounts', what, ids));
  }
  const [overdrawn] = Object.entries(balancesOf(read)).find(([, balance]) => balance < 0) ?? [];
  if (overdrawn !== undefined) {
    const what = `account ${overdrawn} holds less than nothing`;
    anomalies.push(anomalyOf('overdrawn account', what, { operations: [read.id] }));
  }
}

/** Each read against the next that began when it was over. */
function checkMoves(transfers: readonly Transfer[], reads: readonly Balances[], anomalies: Anomaly[]): void {
  /** Those that may still take effect after the read at hand began, from oldest on. */
  let open: Transfer[] = [];
  let begun = 0;
  for (const [place, before] of reads.entries()) {
    let later = place + 1;
    while (later < reads.length && !isAfter(reads[later], before)) later += 1;
    const after = reads[later];
    if (after === undefined) continue;
    const endUs = after.completedUs ?? Infinity;
    open = open.filter((transfer) => !isOver(transfer, before));
    for (
      let next = transfers[begun];
      next !== undefined && next.invokedUs <= endUs;
      next = transfers[++begun]
    )
      if (!isOver(next, before)) open.push(next);
    checkBetween(
      before,
      after,
      open.filter((transfer) => transfer.invokedUs <= endUs),
      anomalies,
    );
  }
}

function isAfter(read: Balances | undefined, before: Balances): boolean {
  return read !== undefined && precedes(before, read);
}

/** It was over when the read began, and nothing of it is to come. */
function isOver(transfer: Transfer, read: Balances): boolean {
  return transfer.outcome.type === 'ok' && precedes(transfer, read);
}

/** What an account has surely gained, and what it may have gained or lost besides. */
interface Bounds {
  sure: number;
  least: number;
  most: number;
}

function checkBetween(
  before: Balances,
  after: Balances,
  transfers: readonly Transfer[],
  anomalies: Anomaly[],
): void {
  const [old, now] = [balancesOf(before), balancesOf(after)];
  const bounds = new Map(
    Object.keys(old).map((account): [string, Bounds] => [account, { sure: 0, least: 0, most: 0 }]),
  );
  const move = (account: string, amount: number, isSure: boolean): void => {
    const its = bounds.get(account);
    if (its === undefined) return;
    if (isSure) its.sure += amount;
    else if (amount > 0) its.most += amount;
    else its.least += amount;
  };
  for (const transfer of transfers) {
    const isSure = transfer.outcome.type === 'ok' && precedes(before, transfer) && precedes(transfer, after);
    move(transfer.from, -transfer.amount, isSure);
    move(transfer.to, transfer.amount, isSure);
  }
  for (const [account, { sure, least, most }] of bounds) {
    const change = (now[account] ?? 0) - (old[account] ?? 0);
    if (change >= sure + least && change <= sure + most) continue;
    const range = least === 0 && most === 0 ? `${sure}` : `${sure + least} to ${sure + most}`;
    const what = `account ${account} went from ${old[account] ?? 0} to ${now[account] ?? 0}, and what was moved between the two reads is ${range}`;
    anomalies.push(anomalyOf('lost transfer', what, { operations: [before.id, after.id] }));
    return;
  }
}

import type { Call, Compare, History } from '../../history/index.js';
import { anomalyOf } from '../anomaly.js';
import type { Changes } from '../changes.js';
import type { Anomaly } from '../types.js';
import { revisionBefore } from './reads.js';

/** Transactions take the branch that their compares demand, and deletions count what was there, as far as that is known. */
export function checkBranches({ calls }: History, changes: Changes): readonly Anomaly[] {
  const anomalies: Anomaly[] = [];
  for (const call of calls) {
    const { id, request, outcome } = call;
    if (outcome.type !== 'ok') continue;
    if (request.type === 'txn' && outcome.value.type === 'txn') {
      const truths = request.compare.map((compare) => truthOf(compare, call, changes));
      const truth = truths.includes(false) ? false : truths.includes(null) ? null : true;
      if (request.compare.length === 0 || truth === null || truth === outcome.value.succeeded) continue;
      const place = truth ? 0 : truths.indexOf(false);
      const { key, target } = request.compare[place] ?? { key: '', target: 'mod' };
      const latest = changes.latest(key, revisionBefore(call));
      const what =
        `transaction ${id} compared the ${target} of ${key} at revision ${revisionBefore(call)} and went on as if that ` +
        `${truth ? 'did not hold' : 'held'}, though revision ${latest?.revision ?? 0} was the latest`;
      const ids = [latest?.call ?? null, id].filter((each) => each !== null);
      anomalies.push(anomalyOf('a compare that lied', what, { calls: ids }));
    } else if (request.type === 'delete' && request.rangeEnd === '' && outcome.value.type === 'delete') {
      const { deleted } = outcome.value;
      const isThere = isPresent(request.key, call, changes);
      if (isThere === null || deleted === (isThere ? 1 : 0)) continue;
      const what = `call ${id} deleted ${deleted} keys where ${request.key} was ${isThere ? '' : 'not '}there`;
      anomalies.push(anomalyOf('a deletion that counted wrong', what, { calls: [id] }));
    }
  }
  return anomalies;
}

/** Whether the key was there when the call came to be done; null: that is not known. */
function isPresent(key: string, call: Call, changes: Changes): boolean | null {
  const untilUs = call.completedUs ?? Infinity;
  const before = revisionBefore(call);
  const latest = changes.latest(key, before);
  if (latest === null || changes.mayHaveChanged(latest, before, untilUs)) return null;
  if (latest.value === null) return false;
  return changes.mayBeGone(latest, before, untilUs) ? null : true;
}

/** Null: it is not known. */
function truthOf(compare: Compare, call: Call, changes: Changes): boolean | null {
  const { key, target, sign, operand } = compare;
  const isThere = isPresent(key, call, changes);
  const latest = changes.latest(key, revisionBefore(call));
  if (isThere === null || latest === null) return null;
  if (target === 'value') {
    // The value of a key that is not there compares to nothing.
    return (
      isThere &&
      latest.value !== null &&
      holds(sign, Buffer.compare(Buffer.from(latest.value), Buffer.from(operand)))
    );
  }
  const number = isThere ? numberOf(target, latest) : 0n;
  if (number === null) return null;
  const other = BigInt(operand);
  return holds(sign, number < other ? -1 : number > other ? 1 : 0);
}

function numberOf(
  target: Exclude<Compare['target'], 'value'>,
  { revision, kv, lease }: NonNullable<ReturnType<Changes['latest']>>,
): bigint | null {
  switch (target) {
    case 'mod':
      return BigInt(revision);
    case 'create':
      return kv === null ? null : BigInt(kv.createRevision);
    case 'version':
      return kv === null ? null : BigInt(kv.version);
    case 'lease':
      return lease === null ? null : BigInt(lease);
  }
}

function holds(sign: Compare['sign'], order: number): boolean {
  switch (sign) {
    case '=':
      return order === 0;
    case '!=':
      return order !== 0;
    case '<':
      return order < 0;
    case '>':
      return order > 0;
  }
}

import type { Call, History, RangeRequest, Request } from '../../history/index.js';
import { anomalyOf } from '../anomaly.js';
import type { Anomaly } from '../types.js';
import { hasWritten } from '../writes.js';

/** That somebody knew a revision. */
interface Notice {
  readonly atUs: number;
  readonly revision: number;
  readonly call: number | null;
  readonly watch: number | null;
}

/** What begins after something was answered is not older than that answer, unless it allows for it; what it writes is newer. */
export function checkTimes(history: History): readonly Anomaly[] {
  const anomalies: Anomaly[] = [];
  const owners = new Map<number, number>();
  const notices = noticesOf(history);
  /** What a process was told last: it goes on from there even at the same moment. */
  const lastOf = new Map<number, Notice>();
  let next = 0;
  let newest: Notice | null = null;
  for (const call of history.calls) {
    for (
      let notice = notices[next];
      notice !== undefined && notice.atUs < call.invokedUs;
      notice = notices[++next]
    )
      if (newest === null || notice.revision > newest.revision) newest = notice;
    if (call.outcome.type !== 'ok') continue;
    const last = lastOf.get(call.process);
    const isOwn =
      last !== undefined && last.atUs <= call.invokedUs && last.revision > (newest?.revision ?? 0);
    const known = isOwn ? last : newest;
    const { revision } = call.outcome.value;
    const notice = { atUs: call.completedUs ?? Infinity, revision, call: call.id, watch: null };
    if (last === undefined || last.revision < revision) lastOf.set(call.process, notice);
    const wrote = hasWritten(call);
    if (wrote) own(call, owners, anomalies);
    if (known !== null) checkCall(call, known, wrote, anomalies);
  }
  return anomalies;
}

function noticesOf({ calls, watches }: History): readonly Notice[] {
  const notices: Notice[] = [];
  for (const { id: call, outcome, completedUs } of calls) {
    if (outcome.type === 'ok' && completedUs !== null)
      notices.push({ atUs: completedUs, revision: outcome.value.revision, call, watch: null });
  }
  for (const { id: watch, entries } of watches) {
    for (const entry of entries) {
      const { atUs } = entry;
      if (entry.type === 'events') {
        const revision = entry.events.at(-1)?.kv.modRevision ?? 0;
        notices.push({ atUs, revision, call: null, watch });
      } else if (entry.type === 'created' || entry.type === 'progress')
        notices.push({ atUs, revision: entry.revision, call: null, watch });
    }
  }
  return notices.sort((a, b) => a.atUs - b.atUs);
}

function own(call: Call, owners: Map<number, number>, anomalies: Anomaly[]): void {
  const revision = call.outcome.type === 'ok' ? call.outcome.value.revision : 0;
  const owner = owners.get(revision);
  if (owner === undefined) owners.set(revision, call.id);
  else {
    const what = `calls ${owner} and ${call.id} both wrote at revision ${revision}`;
    anomalies.push(anomalyOf('a revision twice', what, { calls: [owner, call.id] }));
  }
}

function checkCall(call: Call, known: Notice, wrote: boolean, anomalies: Anomaly[]): void {
  const revision = call.outcome.type === 'ok' ? call.outcome.value.revision : 0;
  if (!isLinearizable(call.request) || revision > known.revision || (revision === known.revision && !wrote))
    return;
  const teller = known.call === null ? `watch ${known.watch ?? ''}` : `call ${known.call}`;
  const what =
    `call ${call.id} was ${wrote ? 'a write' : 'answered'} at revision ${revision}, though ${teller} had told of revision ` +
    `${known.revision} before it began`;
  anomalies.push(
    anomalyOf(wrote ? 'a write in the past' : 'a stale answer', what, {
      calls: [known.call, call.id].filter((id) => id !== null),
      watches: known.watch === null ? [] : [known.watch],
    }),
  );
}

function isLinearizable(request: Request): boolean {
  switch (request.type) {
    case 'range':
      return !request.serializable;
    case 'put':
    case 'delete':
      return true;
    case 'txn': {
      // A transaction of nothing but serializable reads is one itself.
      const steps = [...request.success, ...request.failure];
      return steps.length === 0 || !steps.every(isSerializable);
    }
    case 'compact':
    case 'lease-grant':
    case 'lease-revoke':
    case 'lease-keep-alive':
    case 'lease-time-to-live':
      return false;
  }
}

function isSerializable(step: { readonly type: string } | RangeRequest): boolean {
  return step.type === 'range' && 'serializable' in step && step.serializable;
}

import type { History } from '../history/index.js';
import { html } from './html.js';
import type { Html } from './html.js';
import { markOf } from './marks.js';
import type { MarkType } from './marks.js';
import { boundsOf } from './pack.js';
import { counted, formatCount, formatDuration } from './page/format.js';
import { visible } from './text.js';
import type { NamedVerdict } from './verdicts.js';

/** What the run was, and in one sentence what came of it. */
export function headSection(title: string, history: History, verdicts: readonly NamedVerdict[]): Html {
  const { type, sentence } = summaryOf(verdicts);
  return html`<header class="${type}">
    ${markOf(type)}
    <div>
      <h1>${visible(title)}</h1>
      <p class="sentence">${sentence}</p>
      <p class="facts">
        ${factsOf(history).map((fact, place) => html`${place === 0 ? '' : ' · '}<span>${fact}</span>`)}
      </p>
    </div>
  </header>`;
}

/** The worst verdict decides; a run that nothing judged is not a good one. */
export function summaryOf(verdicts: readonly NamedVerdict[]): {
  readonly type: MarkType;
  readonly sentence: string;
} {
  const violated = verdicts.flatMap(({ verdict }) => (verdict.type === 'violated' ? [verdict] : []));
  const unknown = verdicts.filter(({ verdict }) => verdict.type === 'unknown').length;
  const ok = verdicts.filter(({ verdict }) => verdict.type === 'ok').length;
  const anomalies = violated.reduce((sum, verdict) => sum + verdict.anomalies.length, 0);
  if (violated.length > 0) {
    const by = counted(violated.length, 'checker');
    return { type: 'violated', sentence: `${counted(anomalies, 'anomaly', 'anomalies')} found by ${by}` };
  }
  if (unknown > 0)
    return {
      type: 'unknown',
      sentence: `No anomaly found, but ${counted(unknown, 'checker')} could not tell`,
    };
  if (ok === 0) return { type: 'skipped', sentence: 'Nothing was checked' };
  return { type: 'ok', sentence: `No anomaly found by ${counted(ok, 'checker')}` };
}

function factsOf(history: History): string[] {
  const { operations, calls, watches, faults, members } = history;
  const { startUs, endUs } = boundsOf(history);
  const ends = { ok: 0, failed: 0, unknown: 0 };
  for (const { outcome } of operations) ends[outcome.type] += 1;
  const names = new Set(members.map(({ member }) => member));
  return [
    visible(history.system),
    formatDuration(endUs - startUs),
    counted(operations.length, 'operation'),
    ...(operations.length === 0
      ? []
      : [
          `${formatCount(ends.ok)} ok, ${formatCount(ends.failed)} failed, ${formatCount(ends.unknown)} unknown`,
        ]),
    ...(calls.length > 0 ? [counted(calls.length, 'call')] : []),
    ...(watches.length > 0 ? [counted(watches.length, 'watch', 'watches')] : []),
    counted(names.size, 'member'),
    counted(faults.length, 'fault'),
  ];
}

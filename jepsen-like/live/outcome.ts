import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Verdict } from '../checkers/index.js';
import { writeReport } from '../report/index.js';
import type { RoundResult } from './round.js';
import { countGuardedUpdates } from './unfenced.js';

/** Where a person sees how it goes. */
export interface LiveOutput {
  /** A line that stays. */
  tell(line: string): void;
  /** A line that the next one replaces. */
  show(text: string): void;
}

/** Of all runs. */
export interface Totals {
  rounds: number;
  requests: number;
  failures: number;
  readonly faults: Map<string, number>;
  /** Checkers that came to no end. */
  readonly unknowns: Map<string, number>;
  readonly updates: {
    readonly fenced: { acknowledged: number; lost: number };
    readonly plain: { acknowledged: number; lost: number };
  };
}

export interface OutcomeFiles {
  /** Where the history of the last run goes as JSON; null: nowhere. */
  readonly historyFile: string | null;
  /** Likewise its report; null: beside the data of a run that found something. */
  readonly reportFile: string | null;
}

export function emptyTotals(): Totals {
  const none = (): { acknowledged: number; lost: number } => ({ acknowledged: 0, lost: 0 });
  const updates = { fenced: none(), plain: none() };
  return { rounds: 0, requests: 0, failures: 0, faults: new Map(), unknowns: new Map(), updates };
}

/** Counts what came of a run, and tells it. */
export async function take(
  result: RoundResult,
  totals: Totals,
  files: OutcomeFiles,
  output: LiveOutput,
): Promise<void> {
  const { plan, history, verdicts, violation, folder } = result;
  totals.rounds += 1;
  totals.requests += history.calls.length;
  for (const { kind } of history.faults) count(totals.faults, kind);
  const updates = countGuardedUpdates(history.operations);
  for (const kind of ['fenced', 'plain'] as const) {
    totals.updates[kind].acknowledged += updates[kind].acknowledged;
    totals.updates[kind].lost += updates[kind].lost;
  }
  const judged: string[] = [];
  const remarks: string[] = [];
  const complaints = violation === null ? [] : [violation.message];
  for (const { checker, verdict } of verdicts) {
    if (verdict.type === 'skipped') continue;
    judged.push(`${checker} ${verdict.type}`);
    if (verdict.type === 'ok') remarks.push(...(verdict.remarks ?? []));
    if (verdict.type === 'unknown') count(totals.unknowns, checker);
    if (verdict.type === 'violated')
      complaints.push(
        ...verdict.anomalies.map(({ name, explanation }) => `${checker}: ${name}: ${explanation}`),
      );
  }
  output.tell(
    `seed ${plan.seed}: ${plan.workloads.join(', ')}: ${history.calls.length} requests, ` +
      `${history.faults.length} faults: ${judged.join(', ')}`,
  );
  for (const remark of remarks) output.tell(`  ${remark}`);
  await write(result, files, output);
  if (complaints.length === 0) return;
  totals.failures += 1;
  for (const complaint of complaints) output.tell(`  ${complaint}`);
  output.tell(`  kept: ${folder ?? ''}`);
  output.tell(`  the like again: ${history.replay ?? ''}`);
}

/** The files that were asked for, and those that a failure leaves. */
async function write(
  { plan, history, verdicts, violation, folder }: RoundResult,
  { historyFile, reportFile }: OutcomeFiles,
  output: LiveOutput,
): Promise<void> {
  if (historyFile !== null) {
    await writeFile(historyFile, JSON.stringify(history));
    output.tell(`  history: ${historyFile}`);
  }
  const file = reportFile ?? (folder === null ? null : join(folder, 'report.html'));
  if (file === null) return;
  const promises: Verdict =
    violation === null
      ? { type: 'ok' }
      : {
          type: 'violated',
          anomalies: [
            {
              ...{ name: violation.promise, explanation: violation.message },
              ...{ operations: [], calls: [], watches: [], drawing: null },
            },
          ],
        };
  await writeReport(file, {
    history,
    verdicts: [{ checker: 'invariants', verdict: promises }, ...verdicts],
    title: `torture of ${history.system}, seed ${plan.seed}`,
  });
  output.tell(`  report: ${file}`);
}

export function summarize({ rounds, requests, faults, unknowns, updates }: Totals, output: LiveOutput): void {
  output.tell(`${rounds} runs, ${requests} requests; faults: ${listCounts(faults)}`);
  if (unknowns.size > 0) output.tell(`without an answer: ${listCounts(unknowns)}`);
  const { fenced, plain } = updates;
  if (fenced.acknowledged + plain.acknowledged === 0) return;
  output.tell(
    `updates under a lock alone: ${plain.lost} of ${plain.acknowledged} lost` +
      (plain.lost > 0 ? ', as every store loses them whose lock has run out while its holder slept' : ''),
  );
  output.tell(`updates under a lock with a fence: ${fenced.lost} of ${fenced.acknowledged} lost`);
}

function count(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}

function listCounts(counts: ReadonlyMap<string, number>): string {
  const sorted = [...counts].sort(([, a], [, b]) => b - a);
  return sorted.length === 0 ? 'none' : sorted.map(([name, times]) => `${name} ${times}`).join(', ');
}

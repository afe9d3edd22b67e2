import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { QuorateError, seededRandom } from '../../src/base/index.js';
import type { Verdict } from '../checkers/index.js';
import { writeReport } from '../report/index.js';
import { workloads } from '../workloads/index.js';
import type { Workload } from '../workloads/index.js';
import { possibleFaults } from './abilities.js';
import { Interrupted } from './bounded.js';
import { findSystem } from './machines/index.js';
import type { SystemName } from './machines/index.js';
import { drawLivePlan, liveFaultKinds } from './plan.js';
import type { LiveFaultKind } from './plan.js';
import { runRound } from './round.js';
import type { RoundResult } from './round.js';
import { countGuardedUpdates } from './unfenced.js';

export interface LiveOptions {
  readonly system: SystemName;
  readonly members: number;
  readonly minutes: number;
  /** At most so many runs. */
  readonly seeds: number;
  readonly firstSeed: number;
  /** Names; empty: by chance, of all. */
  readonly workloads: readonly string[];
  /** Names; empty: by chance, of all; `none` alone: none. */
  readonly nemeses: readonly string[];
  /** Of all clients together. */
  readonly actionsPerSecond: number;
  /** Of faults in each run. */
  readonly durationMs: number;
  readonly usesNamespaces: boolean;
  /** Where the history of the last run goes as JSON; null: nowhere. */
  readonly historyFile: string | null;
  readonly reportFile: string | null;
}

/** Where a person sees how it goes. */
export interface LiveOutput {
  /** A line that stays. */
  tell(line: string): void;
  /** A line that the next one replaces. */
  show(text: string): void;
}

export interface LiveResult {
  /** Runs that found something. */
  readonly failures: number;
  readonly interrupted: boolean;
}

interface Totals {
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

/**
 * Tortures clusters of real processes, one run after the other, until the time is over. Errors: `invalid-configuration`, for people, when a
 * name is wrong or the system is not there; anything else is a failure of the kit.
 */
export async function runLive(
  options: LiveOptions,
  output: LiveOutput,
  signal: AbortSignal,
): Promise<LiveResult> {
  if (process.platform !== 'linux')
    throw new QuorateError(
      'invalid-configuration',
      '--live needs Linux: the proxies learn from /proc who connects',
    );
  const { usesNamespaces, firstSeed, seeds, minutes } = options;
  const system = await findSystem(options.system);
  const wished = nemesesOf(options.nemeses);
  const tell = (line: string): void => output.tell(line);
  const nemeses = await possibleFaults(wished, system, usesNamespaces, tell);
  const chosen = workloadsOf(options.workloads);
  const totals = emptyTotals();
  const limitMs = seeds === Infinity ? minutes * 60_000 : Infinity;
  const beganMs = performance.now();
  output.tell(
    `${system.title}, ${options.members} members, ${usesNamespaces ? 'network namespaces' : 'proxies'}, seeds from ${firstSeed} on`,
  );
  let interrupted = false;
  for (let seed = firstSeed; seed < firstSeed + seeds && performance.now() - beganMs < limitMs; seed++) {
    const plan = drawLivePlan(seededRandom(seed), {
      seed,
      members: options.members,
      durationMs: options.durationMs,
      actionsPerSecond: options.actionsPerSecond,
      workloads: chosen,
      isFixed: options.workloads.length > 0 && options.nemeses.length > 0,
      nemeses,
    });
    try {
      const replay = replayOf(options, seed);
      const show = (text: string): void => output.show(`seed ${seed}: ${text}`);
      const result = await runRound({ plan, system, usesNamespaces, replay, signal, tell, onProgress: show });
      await take(result, totals, options, output);
    } catch (error) {
      if (!(error instanceof Interrupted)) throw error;
      interrupted = true;
      break;
    }
  }
  summarize(totals, output);
  return { failures: totals.failures, interrupted };
}

function nemesesOf(names: readonly string[]): readonly LiveFaultKind[] {
  if (names.length === 0) return liveFaultKinds;
  if (names.length === 1 && names[0] === 'none') return [];
  return names.map((name) => {
    const kind = liveFaultKinds.find((each) => each === name);
    if (kind !== undefined) return kind;
    throw unknownName('nemesis', name, liveFaultKinds);
  });
}

function workloadsOf(names: readonly string[]): readonly Workload[] {
  if (names.length === 0) return workloads;
  return names.map((name) => {
    const workload = workloads.find((each) => each.name === name);
    if (workload !== undefined) return workload;
    throw unknownName(
      'workload',
      name,
      workloads.map((each) => each.name),
    );
  });
}

function unknownName(what: string, name: string, known: readonly string[]): QuorateError {
  return new QuorateError(
    'invalid-configuration',
    `no ${what} is called ${name}: there are ${known.join(', ')}`,
  );
}

function replayOf(options: LiveOptions, seed: number): string {
  const flags = [
    `--live --system ${options.system} --seed ${seed} --seeds 1`,
    ...(options.members === 3 ? [] : [`--members ${options.members}`]),
    ...(options.workloads.length === 0 ? [] : [`--workloads ${options.workloads.join(',')}`]),
    ...(options.nemeses.length === 0 ? [] : [`--nemeses ${options.nemeses.join(',')}`]),
    ...(options.actionsPerSecond === 100 ? [] : [`--rate ${options.actionsPerSecond}`]),
    ...(options.durationMs === 20_000 ? [] : [`--seconds ${options.durationMs / 1000}`]),
    ...(options.usesNamespaces ? ['--netns'] : []),
  ];
  return `npm run torture -- ${flags.join(' ')}`;
}

// --- What came of it --------------------------------------------------------------------------------------------------

function emptyTotals(): Totals {
  const none = (): { acknowledged: number; lost: number } => ({ acknowledged: 0, lost: 0 });
  const updates = { fenced: none(), plain: none() };
  return { rounds: 0, requests: 0, failures: 0, faults: new Map(), unknowns: new Map(), updates };
}

async function take(
  result: RoundResult,
  totals: Totals,
  options: LiveOptions,
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
  await write(result, options, output);
  if (complaints.length === 0) return;
  totals.failures += 1;
  for (const complaint of complaints) output.tell(`  ${complaint}`);
  output.tell(`  kept: ${folder ?? ''}`);
  output.tell(`  the like again: ${history.replay ?? ''}`);
}

/** The files that were asked for, and those that a failure leaves. */
async function write(
  { plan, history, verdicts, violation, folder }: RoundResult,
  { historyFile, reportFile }: LiveOptions,
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

function summarize({ rounds, requests, faults, unknowns, updates }: Totals, output: LiveOutput): void {
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

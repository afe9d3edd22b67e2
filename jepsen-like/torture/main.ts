import { readFile, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { messageOf, QuorateError } from '../../src/base/index.js';
import { runLive } from '../live/index.js';
import { printPlan, readPlan } from '../plan/index.js';
import type { Plan } from '../plan/index.js';
import { runCampaign } from './campaign.js';
import type { Failure, Totals } from './campaign.js';
import { expectedMarks } from './marks.js';
import { help, readOptions } from './options.js';
import type { LiveFlags, TortureOptions } from './options.js';
import { planOf } from './plan-of.js';
import type { PlanChoice } from './plan-of.js';
import { createProgressLine, describeTotals, listCounts } from './progress.js';
import { writeReportOf } from './report.js';
import { runPlan } from './run.js';
import type { RunResult } from './run.js';
import { complaintOf, shrinkPlan } from './shrink.js';

const shrinkLimitMs = 60_000;
/** Failing seeds that are shrunk one after another; the others are only named. */
const shrunkMax = 3;
/** From this many seeds on, a state that was never reached is a fault of the generator. */
const seedsForMarks = 1000;

async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2), availableParallelism());
  if (options.help) {
    process.stdout.write(help);
    return 0;
  }
  if (options.live !== null) return live(options, options.live);
  return options.replay === null ? campaign(options) : replay(options.replay, options);
}

function choiceOf(options: TortureOptions): PlanChoice {
  const { workloads, rate, durationMs } = options;
  return { workloads, actionsPerSecond: rate, durationMs };
}

// --- Real processes ---------------------------------------------------------------------------------------------------

async function live(options: TortureOptions, flags: LiveFlags): Promise<number> {
  const { minutes, seeds, workloads, rate, durationMs, history, report } = options;
  const line = createProgressLine(process.stderr);
  const controller = new AbortController();
  const interrupt = (): void => controller.abort();
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
  const output = {
    show: (text: string): void => line.show(text),
    tell(text: string): void {
      line.end();
      console.log(text);
    },
  };
  const { failures, interrupted } = await runLive(
    {
      ...flags,
      ...{ minutes, seeds, workloads, durationMs },
      firstSeed: options.seed ?? Math.floor(Math.random() * 2 ** 30),
      actionsPerSecond: rate,
      historyFile: history,
      reportFile: report,
    },
    output,
    controller.signal,
  );
  line.end();
  const fine = interrupted ? 'verdict: nothing found until it was interrupted' : 'verdict: nothing found';
  console.log(failures === 0 ? fine : 'verdict: FAILED');
  return failures === 0 ? 0 : 1;
}

// --- Many seeds -------------------------------------------------------------------------------------------------------

async function campaign(options: TortureOptions): Promise<number> {
  const firstSeed = options.seed ?? Math.floor(Math.random() * 2 ** 30);
  planOf(firstSeed, choiceOf(options)); // A wrong name is told before anything runs.
  const line = createProgressLine(process.stderr);
  const controller = new AbortController();
  process.once('SIGINT', () => controller.abort());
  console.log(`seeds from ${firstSeed} on, ${options.threads} threads`);
  const totals = await runCampaign({
    firstSeed,
    seedsMax: options.seeds,
    limitMs: options.seeds === Infinity ? options.minutes * 60_000 : Infinity,
    workers: options.threads,
    order: { ...choiceOf(options), twice: options.twice },
    onReport(soFar, { seed, complaint }) {
      if (complaint !== null) {
        line.end();
        console.log(`seed ${seed} failed: ${complaint}`);
      }
      line.show(describeTotals(soFar));
    },
    signal: controller.signal,
  });
  line.end();
  console.log(describeTotals(totals));
  console.log(`faults: ${listCounts(totals.faults)}`);
  console.log(`states: ${listCounts(totals.marks)}`);
  if (totals.unknowns.size > 0) console.log(`without an answer: ${listCounts(totals.unknowns)}`);
  for (const [index, failure] of totals.failures.entries()) await tell(failure, index, options);
  const missing = missingMarks(totals, options);
  if (missing.length > 0) console.log(`never reached: ${missing.join(', ')}: the generator lacks something`);
  const isFine = totals.failures.length === 0 && missing.length === 0;
  console.log(isFine ? 'verdict: nothing found' : 'verdict: FAILED');
  return isFine ? 0 : 1;
}

function missingMarks(totals: Totals, { workloads }: TortureOptions): readonly string[] {
  if (totals.seeds < seedsForMarks || workloads.length > 0) return [];
  return expectedMarks.filter((name) => !totals.marks.has(name));
}

async function tell({ seed, complaint }: Failure, index: number, options: TortureOptions): Promise<void> {
  console.log(`\nseed ${seed} failed: ${complaint}`);
  console.log(`again: npm run torture -- --replay ${seed}${flagsOf(options)}`);
  if (index >= shrunkMax || complaint.startsWith('not deterministic')) return;
  const plan = planOf(seed, choiceOf(options));
  const line = createProgressLine(process.stderr);
  const smallest = await shrinkPlan(plan, complaint, {
    limitMs: shrinkLimitMs,
    onProgress: (steps, tried) =>
      line.show(`shrinking: ${steps} of ${plan.steps.length} steps left, ${tried} tried`),
  });
  line.end();
  const file = `torture-plan-${seed}.txt`;
  await writeFile(file, printPlan(smallest));
  console.log(`shrunk from ${plan.steps.length} to ${smallest.steps.length} steps: ${file}`);
  const result = await runPlan(smallest);
  if (index === 0) await writeHistory(result, options);
  await writeReportOf((index === 0 ? options.report : null) ?? `torture-report-${seed}.html`, result, {
    title: `torture, seed ${seed}, shrunk from ${plan.steps.length} steps to ${smallest.steps.length}`,
    replay: `npm run torture -- --replay ${file}`,
  });
}

function flagsOf({ workloads, rate, durationMs }: TortureOptions): string {
  const flags = [
    ...(workloads.length === 0 ? [] : [`--workloads ${workloads.join(',')}`]),
    ...(rate === 100 ? [] : [`--rate ${rate}`]),
    ...(durationMs === 20_000 ? [] : [`--seconds ${durationMs / 1000}`]),
  ];
  return flags.length === 0 ? '' : ` ${flags.join(' ')}`;
}

// --- One run ----------------------------------------------------------------------------------------------------------

async function replay(what: string, options: TortureOptions): Promise<number> {
  const plan = await planFrom(what, options);
  const result = await runPlan(plan);
  const { history, simulatedMs, hash } = result;
  console.log(
    `${plan.steps.length} steps, ${(simulatedMs / 1000).toFixed(1)} s simulated, ${history.operations.length} operations, trace ${hash}`,
  );
  for (const { checker, verdict } of result.verdicts) {
    if (verdict.type === 'skipped') continue;
    console.log(`${checker}: ${verdict.type}`);
    if (verdict.type === 'unknown') console.log(`  ${verdict.reason}`);
    if (verdict.type === 'violated') {
      for (const { name, explanation } of verdict.anomalies) console.log(`  ${name}: ${explanation}`);
    }
  }
  const complaint = complaintOf(result);
  if (result.violation !== null) console.log(result.violation.message);
  await writeHistory(result, options);
  if (options.report !== null)
    await writeReportOf(options.report, result, {
      title: `torture, ${/^\d+$/.test(what) ? `seed ${what}` : what}`,
      replay: `npm run torture -- --replay ${what}${/^\d+$/.test(what) ? flagsOf(options) : ''}`,
    });
  console.log(complaint === null ? 'verdict: nothing found' : `verdict: FAILED, ${complaint}`);
  return complaint === null ? 0 : 1;
}

async function planFrom(what: string, options: TortureOptions): Promise<Plan> {
  if (/^\d+$/.test(what)) return planOf(Number(what), choiceOf(options));
  try {
    return readPlan(await readFile(what, 'utf8'));
  } catch (error) {
    if (error instanceof QuorateError) throw error;
    throw new QuorateError('invalid-configuration', `--replay ${what}: ${messageOf(error)}`);
  }
}

/** Everything that the run saw, as JSON: for checkers, and for eyes. */
async function writeHistory({ history }: RunResult, { history: file }: TortureOptions): Promise<void> {
  if (file === null) return;
  await writeFile(file, JSON.stringify(history));
  console.log(`history: ${file}`);
}

main().then(
  (code) => (process.exitCode = code),
  (error: unknown) => {
    const isExpected = error instanceof QuorateError && error.code === 'invalid-configuration';
    console.error(isExpected ? error.message : error);
    process.exitCode = 2;
  },
);

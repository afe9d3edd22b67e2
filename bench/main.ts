/**
 * `npm run bench`: the real etcd and Quorate side by side, three members each, on this machine, under the same requests. What
 * counts is the ratio within one run; single figures say more about the machine.
 */
import { join } from 'node:path';
import { endH2load } from './h2load.js';
import { createProcesses } from './load/processes.js';
import type { Processes } from './load/processes.js';
import { currentLoad, describeMachine } from './machine.js';
import { help, parseOptions } from './options.js';
import type { Options } from './options.js';
import { createProgress, screen } from './progress.js';
import { changeTable } from './report/compare.js';
import { readResults, saveText } from './report/file.js';
import { renderPage } from './report/page.js';
import { createRecorder } from './report/results.js';
import type { Recorder, Results } from './report/results.js';
import { resultTables } from './report/table.js';
import { createSystemDesk } from './systems.js';
import type { SystemDesk } from './systems.js';
import { adviceFor, missingTools } from './tools.js';
import type { Tool } from './tools.js';
import { choose, listWorks } from './work/catalogue.js';
import type { Choice } from './work/catalogue.js';

const exitCodes = { done: 0, failed: 1, wrongUse: 2, interrupted: 130 } as const;
const resultsFolder = 'bench/results';

async function main(): Promise<number> {
  const wish = parseOptions(process.argv.slice(2));
  switch (wish.type) {
    case 'help':
      console.log(help);
      return exitCodes.done;
    case 'list':
      console.log(listWorks());
      return exitCodes.done;
    case 'wrong':
      console.error(`${wish.message}\n\nSee npm run bench -- --help`);
      return exitCodes.wrongUse;
    case 'run':
      return run(wish.options);
  }
}

async function run(options: Options): Promise<number> {
  const choices = choose(options.only);
  if (choices.length === 0) {
    console.error(`No work is called like ${options.only.join(', ')}. There are:\n\n${listWorks()}`);
    return exitCodes.wrongUse;
  }
  const missing = missingTools(toolsFor(options, choices));
  if (missing.length > 0) {
    console.error(adviceFor(missing));
    return exitCodes.wrongUse;
  }
  // Read first: a run of half an hour should not end with a file that is not there.
  const earlier = options.compareFile === null ? null : await readResults(options.compareFile);
  const at = new Date().toISOString();
  const before = describeMachine();
  const recorder = createRecorder();
  const failure = await measureAll(options, choices, recorder);
  const results: Results = {
    format: 'quorate-bench',
    version: 1,
    at,
    machine: { ...before, loadAfter: currentLoad() },
    settings: settingsOf(options),
    works: recorder.works(),
    timelines: recorder.timelines,
    notes: recorder.notes,
    failures: recorder.failures,
  };
  if (results.works.length > 0) {
    console.log(resultTables(results.works));
    for (const note of results.notes) console.log(`\nNote: ${note}`);
    for (const text of results.failures) console.log(`\nFailed: ${text}`);
    if (earlier !== null) console.log(`\n${changeTable(earlier, results)}`);
    await save(options, results, earlier);
  }
  if (failure === null) return results.failures.length === 0 ? exitCodes.done : exitCodes.failed;
  const isInterrupted = failure instanceof Interrupted;
  console.error(
    `\nThe run broke off: ${isInterrupted ? failure.message : (failure.stack ?? failure.message)}`,
  );
  return isInterrupted ? exitCodes.interrupted : exitCodes.failed;
}

function toolsFor({ systems }: Options, choices: readonly Choice[]): readonly Tool[] {
  const needed = new Set(choices.flatMap(({ stage, chosen }) => stage.tools(chosen)));
  return systems.includes('etcd') ? ['etcd', ...needed] : [...needed];
}

/** What broke it off; null when nothing did. What it began is ended in any case. */
async function measureAll(
  options: Options,
  choices: readonly Choice[],
  recorder: Recorder,
): Promise<Error | null> {
  const seconds = choices.reduce((sum, { stage, chosen }) => sum + stage.estimateSeconds(options, chosen), 0);
  const progress = createProgress(seconds, screen);
  const systems = createSystemDesk(options.systems);
  const processes = createProcesses();
  const interrupt = listenForInterrupt();
  const measure = async (): Promise<void> => {
    for (const { stage, chosen } of choices)
      await stage.run({ options, systems, processes, progress, recorder }, chosen);
  };
  try {
    await Promise.race([measure(), interrupt.happened]);
    return null;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  } finally {
    progress.end();
    interrupt.forget();
    await cleanUp(systems, processes);
  }
}

async function cleanUp(systems: SystemDesk, processes: Processes): Promise<void> {
  endH2load();
  await processes.close();
  await systems.close();
}

class Interrupted extends Error {
  override readonly name = 'Interrupted';
}

/** Ctrl-C and SIGTERM end a run as a failure does: what was started is ended, and what was measured is kept. */
function listenForInterrupt(): { readonly happened: Promise<never>; forget(): void } {
  let forget = (): void => undefined;
  const happened = new Promise<never>((_resolve, reject) => {
    const tell = (signal: NodeJS.Signals): void => reject(new Interrupted(`it was ended by ${signal}`));
    process.once('SIGINT', tell);
    process.once('SIGTERM', tell);
    forget = () => {
      process.off('SIGINT', tell);
      process.off('SIGTERM', tell);
    };
  });
  return { happened, forget };
}

function settingsOf(options: Options): Results['settings'] {
  const { rounds, seconds, failovers, joins, keys, grownKeys, minutes } = options;
  const only = options.only.join(',');
  return {
    rounds,
    seconds,
    failovers,
    joins,
    keys,
    grownKeys,
    minutes,
    only,
    systems: options.systems.join(', '),
  };
}

async function save(options: Options, results: Results, earlier: Results | null): Promise<void> {
  const name = join(resultsFolder, results.at.replaceAll(':', '-'));
  const jsonFile = options.jsonFile ?? `${name}.json`;
  const reportFile = options.reportFile ?? `${name}.html`;
  await saveText(jsonFile, `${JSON.stringify(results, null, 1)}\n`);
  await saveText(reportFile, renderPage(results, earlier));
  console.log(`\nAll figures: ${jsonFile}\nWith plots:  ${reportFile}`);
}

// What an interrupted run was waiting for may never come.
process.exit(await main());

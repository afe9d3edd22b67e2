/**
 * `npm run torture:mutants`: plants each bug in turn and looks how many seeds it takes until somebody notices, without any schedule made
 * for it.
 */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { QuorateError, some } from '../../src/base/index.js';
import { mutants } from './mutants.js';
import type { Mutant } from './types.js';
import type { Catch, Hunt } from './worker.js';

/** Hunts of one mutant begin at seeds that are so far apart. */
const seedsApart = 100_000;
const shrinkMs = 60_000;

const help = `Plant known bugs, one after another, and count the seeds of torture until each is found.

Usage:
  npm run torture:mutants -- [flags]

Flags:
  --only TEXT   only those whose name holds it
  --seeds N     how many seeds are tried (default 300)
  --times N     how often, each time with other seeds; the table has the median (default 5)
  --shrink      also shrink, for up to a minute, the plan that each was found with, and print it
  --threads N   default: one a core
  --help        this text

Exit code: 0 all were found every time, 1 some were not.`;

interface Result {
  readonly mutant: Mutant;
  readonly catches: readonly Catch[];
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      only: { type: 'string', default: '' },
      seeds: { type: 'string', default: '300' },
      times: { type: 'string', default: '5' },
      threads: { type: 'string', default: String(availableParallelism()) },
      shrink: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(help);
    return 0;
  }
  const seeds = countOf('seeds', values.seeds);
  const times = countOf('times', values.times);
  const threads = countOf('threads', values.threads);
  const chosen = mutants.filter(({ name }) => name.includes(values.only));
  const queue = [...chosen];
  const results: Result[] = [];
  const work = async (): Promise<void> => {
    for (let mutant = queue.shift(); mutant !== undefined; mutant = queue.shift()) {
      const result = await huntFor(mutant, { seeds, times, shrinkMs: values.shrink ? shrinkMs : 0 });
      results.push(result);
      console.log(lineOf(result));
      const shrunk = result.catches.find((each) => each.shrunk !== null)?.shrunk;
      if (shrunk !== null && shrunk !== undefined)
        console.log(`shrunk from ${shrunk.stepsBefore} to ${shrunk.steps} steps:\n${shrunk.plan}`);
    }
  };
  await Promise.all(Array.from({ length: threads }, work));
  const missed = results.filter(({ catches }) => catches.some(({ complaint }) => complaint === null));
  console.log(`${results.length - missed.length} of ${results.length} caught every time`);
  return missed.length === 0 ? 0 : 1;
}

function countOf(flag: string, text: string): number {
  const count = Number(text);
  if (Number.isSafeInteger(count) && count > 0) return count;
  throw new QuorateError('invalid-configuration', `--${flag} ${text} is not a whole number above 0`);
}

async function huntFor(
  mutant: Mutant,
  { seeds: seedsMax, times, shrinkMs }: { seeds: number; times: number; shrinkMs: number },
): Promise<Result> {
  const worker = new Worker(new URL('./worker.js', import.meta.url), {
    workerData: mutant,
    resourceLimits: { maxYoungGenerationSizeMb: 96 },
  });
  try {
    const catches: Catch[] = [];
    for (let time = 0; time < times; time++)
      catches.push(
        await ask(worker, {
          firstSeed: 1 + time * seedsApart,
          seedsMax,
          shrinkMs: time === 0 ? shrinkMs : 0,
        }),
      );
    return { mutant, catches };
  } finally {
    await worker.terminate();
  }
}

function ask(worker: Worker, hunt: Hunt): Promise<Catch> {
  return new Promise((resolve, reject) => {
    worker.once('error', reject);
    worker.once('message', (caught: Catch) => {
      worker.off('error', reject);
      resolve(caught);
    });
    worker.postMessage(hunt);
  });
}

function lineOf({ mutant, catches }: Result): string {
  const sorted = [...catches].sort((a, b) => a.seeds - b.seeds);
  const median = some(sorted[Math.floor(sorted.length / 2)], 'one hunt at least');
  const missed = catches.filter(({ complaint }) => complaint === null).length;
  const by = [...new Set(catches.flatMap(({ complaint }) => complaint ?? []))].join('; ');
  const seeds = missed === 0 ? `${median.seeds} seeds` : `MISSED ${missed} of ${catches.length} times`;
  return `${mutant.name} (${mutant.after}): ${seeds}${by === '' ? '' : `, by ${by}`}`;
}

main().then(
  (code) => (process.exitCode = code),
  (error: unknown) => {
    const isBadFlag = error instanceof TypeError || error instanceof QuorateError;
    console.error(isBadFlag ? `${error.message}\nSee npm run torture:mutants -- --help` : error);
    process.exitCode = 2;
  },
);

import { parseArgs } from 'node:util';
import { QuorateError, messageOf } from '../../src/base/index.js';
import { liveFaultKinds } from '../live/index.js';

export interface TortureOptions {
  readonly minutes: number;
  readonly seeds: number;
  /** Null: by chance, and told. */
  readonly seed: number | null;
  readonly replay: string | null;
  readonly twice: boolean;
  readonly workloads: readonly string[];
  readonly rate: number;
  readonly durationMs: number;
  readonly threads: number;
  readonly history: string | null;
  readonly report: string | null;
  readonly help: boolean;
  /** Real processes instead of simulated ones; null: simulation. */
  readonly live: LiveFlags | null;
}

export interface LiveFlags {
  readonly system: 'quorate' | 'etcd';
  readonly members: number;
  readonly nemeses: readonly string[];
  readonly usesNamespaces: boolean;
}

export const help = `Torture a cluster and look for lies.

Without flags: two minutes of simulation, whole members in one process a thread, over simulated time, networks and disks. Every
seed is one run; a run that goes wrong is shrunk, and written down as a plan that can be replayed.

Usage:
  npm run torture                              two minutes of simulation
  npm run torture -- --minutes 60              an hour
  npm run torture -- --seed 7 --seeds 500      these seeds and no others
  npm run torture -- --replay 7                one seed once more
  npm run torture -- --replay plan.txt         a plan from a file

Flags:
  --minutes N        how long (default 2)
  --seeds N          at most so many seeds
  --seed N           the first seed (default: by chance; it is printed)
  --replay WHAT      a seed, or a file with a plan
  --twice            run every seed twice: both runs have to be the same, event by event
  --workloads A,B    only these
  --rate N           actions per simulated second (default 100)
  --seconds N        simulated seconds of faults in each run (default 20)
  --threads N        default: one a core
  --history FILE     where the history of a replay, or of the first failure, goes as JSON
  --report FILE      where the report of a replay, or of the first failure, goes as HTML (a failure that is shrunk leaves one beside
                     its plan in any case)
  --help             this text

Real processes (docs/torture.md says what is done to them):
  --live             clusters of real processes, their clients in others: --minutes, --seeds, --seed, --workloads, --rate, --seconds,
                     --history and --report mean the like (of the last run)
  --system NAME      quorate (default) or etcd, which has to be installed; goes with --live
  --members N        how many (default 3)
  --nemeses A,B      only these: ${liveFaultKinds.join(', ')}; or none
                     (with --workloads: all of both in every run, instead of a choice by chance)
  --netns            network namespaces instead of proxies; needs root

Exit code: 0 nothing found, 1 something was found, 2 bad flags or a failure of the kit itself.
`;

/** Errors: `invalid-configuration`, for people. */
export function readOptions(args: readonly string[], cores: number): TortureOptions {
  const { values } = parse(args);
  return {
    minutes: numberOf('minutes', values.minutes ?? '2', 0.01, 100_000),
    seeds: values.seeds === undefined ? Infinity : numberOf('seeds', values.seeds, 1, 1e9),
    seed: values.seed === undefined ? null : numberOf('seed', values.seed, 0, 2 ** 31 - 1),
    replay: values.replay ?? null,
    twice: values.twice ?? false,
    workloads: listOf(values.workloads),
    rate: numberOf('rate', values.rate ?? '100', 1, 10_000),
    durationMs: 1000 * numberOf('seconds', values.seconds ?? '20', 1, 3600),
    threads: numberOf('threads', values.threads ?? String(cores), 1, 256),
    history: values.history ?? null,
    report: values.report ?? null,
    help: values.help ?? false,
    live: liveFlagsOf(values),
  };
}

function liveFlagsOf(values: ReturnType<typeof parseFlags>['values']): LiveFlags | null {
  const { live, system = 'quorate', members = '3', nemeses, netns = false } = values;
  if (live !== true && values.system === undefined) return null;
  if (system !== 'quorate' && system !== 'etcd') throw bad(`--system ${system}: quorate or etcd`);
  return {
    system,
    members: numberOf('members', members, 1, 9),
    nemeses: listOf(nemeses),
    usesNamespaces: netns,
  };
}

function parse(args: readonly string[]): ReturnType<typeof parseFlags> {
  try {
    return parseFlags(args);
  } catch (error) {
    throw bad(messageOf(error));
  }
}

const text = { type: 'string' } as const;
const flag = { type: 'boolean' } as const;

function parseFlags(args: readonly string[]) {
  return parseArgs({
    args: [...args],
    options: {
      minutes: text,
      seeds: text,
      seed: text,
      replay: text,
      twice: flag,
      workloads: text,
      rate: text,
      seconds: text,
      threads: text,
      history: text,
      report: text,
      live: flag,
      system: text,
      members: text,
      nemeses: text,
      netns: flag,
      help: { ...flag, short: 'h' },
    },
  });
}

function numberOf(name: string, value: string, min: number, max: number): number {
  const number = Number(value);
  if (value.trim() === '' || !Number.isFinite(number) || number < min || number > max)
    throw bad(`--${name} ${value}: a number from ${min} to ${max} is needed`);
  return number;
}

function listOf(value: string | undefined): readonly string[] {
  return value === undefined ? [] : value.split(',').filter((name) => name !== '');
}

function bad(message: string): QuorateError {
  return new QuorateError('invalid-configuration', `${message}; see \`npm run torture -- --help\``);
}

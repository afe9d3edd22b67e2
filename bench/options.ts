import { parseArgs } from 'node:util';
import { systemNames } from './systems.js';
import type { SystemName } from './systems.js';

/** What a run does. Sizes and durations are those that its figures are read with: they are in its files. */
export interface Options {
  readonly rounds: number;
  /** Measured seconds of one work in one round. */
  readonly seconds: number;
  /** Leaders killed in each system. */
  readonly failovers: number;
  /** Members that join each system. */
  readonly joins: number;
  /** Of the works that hold many. */
  readonly keys: number;
  /** Of the growth work. */
  readonly grownKeys: number;
  /** Of the sustained load. */
  readonly minutes: number;
  /** Works whose id or name contains one of these; empty: all but the long ones. */
  readonly only: readonly string[];
  readonly systems: readonly SystemName[];
  readonly isQuick: boolean;
  /** Where the figures go; null: beside others in bench/results. */
  readonly jsonFile: string | null;
  readonly reportFile: string | null;
  /** An earlier run's figures to compare with. */
  readonly compareFile: string | null;
}

export type Wish =
  | { readonly type: 'run'; readonly options: Options }
  | { readonly type: 'help' }
  | { readonly type: 'list' }
  | { readonly type: 'wrong'; readonly message: string };

export const help = `Usage: npm run bench -- [flags]

Runs the real etcd and Quorate side by side on this machine, three members each, under the same requests, and tells how
they compare: the table on the screen, everything in a JSON file, and a page with plots. Under 30 minutes.

  --only TEXT[,TEXT]  only works whose id or name contains TEXT: see --list
  --quick             two rounds of one second, 100,000 keys in place of 1,000,000, four failovers: a first look
  --rounds N          alternating rounds; tables show medians (default 5)
  --seconds N         measured seconds of a work in a round (default 2)
  --failovers N       leaders killed in each system (default 20)
  --joins N           members that join each system (default 3)
  --keys N            keys of the works that hold many (default 1000000)
  --system NAME       etcd, quorate or both (default both)
  --json FILE         where all figures go (default bench/results/DATE.json)
  --report FILE.html  where the page goes (default bench/results/DATE.html)
  --compare OLD.json  also tell what changed since an earlier run
  --list              the works, with their ids

Long works, run only when --only names them:
  growth              puts with --grown-keys N keys held (default 10000000) against 10,000; about 15 minutes
  sustained           a steady load of --minutes N (default 10), with every stall over 100 ms
`;

const counts = ['rounds', 'failovers', 'joins', 'keys', 'grown-keys'] as const;
const amounts = ['seconds', 'minutes'] as const;

const normal = { rounds: 5, seconds: 2, failovers: 20, joins: 3, keys: 1_000_000, grownKeys: 10_000_000 };
const quick = { rounds: 2, seconds: 1, failovers: 4, joins: 1, keys: 100_000, grownKeys: 1_000_000 };

/** Largest values that make sense: beyond these a typing error is likelier. */
const countMax = { rounds: 1000, failovers: 1000, joins: 100, keys: 10_000_000, 'grown-keys': 15_000_000 };
const amountMax = { seconds: 3600, minutes: 1440 };
const keysMin = 10_000;

export function parseOptions(args: readonly string[]): Wish {
  let values: Readonly<Record<string, string | boolean | undefined>>;
  try {
    ({ values } = parseArgs({
      args: [...args],
      options: {
        ...Object.fromEntries([...counts, ...amounts].map((name) => [name, { type: 'string' } as const])),
        only: { type: 'string' },
        system: { type: 'string' },
        json: { type: 'string' },
        report: { type: 'string' },
        compare: { type: 'string' },
        quick: { type: 'boolean' },
        list: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    }));
  } catch (error) {
    return { type: 'wrong', message: error instanceof Error ? error.message : String(error) };
  }
  if (values['help'] === true) return { type: 'help' };
  if (values['list'] === true) return { type: 'list' };
  const problem = problemOf(values);
  if (problem !== null) return { type: 'wrong', message: problem };
  const isQuick = values['quick'] === true;
  const base = isQuick ? quick : normal;
  const numberOr = (name: string, otherwise: number): number =>
    values[name] === undefined ? otherwise : Number(values[name]);
  const textOr = (name: string): string | null => {
    const value = values[name];
    return typeof value === 'string' ? value : null;
  };
  const system = textOr('system') ?? 'both';
  return {
    type: 'run',
    options: {
      rounds: numberOr('rounds', base.rounds),
      seconds: numberOr('seconds', base.seconds),
      failovers: numberOr('failovers', base.failovers),
      joins: numberOr('joins', base.joins),
      keys: numberOr('keys', base.keys),
      grownKeys: numberOr('grown-keys', base.grownKeys),
      minutes: numberOr('minutes', 10),
      only: (textOr('only') ?? '').split(',').filter((text) => text !== ''),
      systems: systemNames.filter((name) => system === 'both' || system === name),
      isQuick,
      jsonFile: textOr('json'),
      reportFile: textOr('report'),
      compareFile: textOr('compare'),
    },
  };
}

function problemOf(values: Readonly<Record<string, string | boolean | undefined>>): string | null {
  for (const name of counts) {
    const value = values[name];
    if (value === undefined) continue;
    const from = name === 'keys' || name === 'grown-keys' ? keysMin : 1;
    const number = Number(value);
    if (!Number.isInteger(number) || number < from || number > countMax[name])
      return `--${name} ${String(value)}: a whole number from ${from} to ${countMax[name]} is wanted`;
  }
  for (const name of amounts) {
    const value = values[name];
    if (value === undefined) continue;
    const number = Number(value);
    if (value === '' || !(number > 0) || number > amountMax[name])
      return `--${name} ${String(value)}: a number above 0 and up to ${amountMax[name]} is wanted`;
  }
  const { system, report } = values;
  if (system !== undefined && system !== 'both' && !systemNames.some((name) => name === system))
    return `--system ${String(system)}: etcd, quorate or both is wanted`;
  if (typeof report === 'string' && !report.endsWith('.html'))
    return `--report ${report}: a name that ends in .html is wanted`;
  return null;
}

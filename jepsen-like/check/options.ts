import { parseArgs } from 'node:util';
import { messageOf, QuorateError } from '../../src/base/index.js';
import { checkers, defaultLimits } from '../checkers/index.js';
import type { Checker } from '../checkers/index.js';
import { formats } from '../history/formats/index.js';
import type { Format } from '../history/formats/index.js';

export interface CheckOptions {
  readonly files: readonly string[];
  /** Null: found out from the content of each file. */
  readonly format: Format | null;
  readonly checkers: readonly Checker[];
  /** Steps of a search. */
  readonly budget: number;
  /** Null: nothing. */
  readonly initial: string | null;
  readonly report: string | null;
  readonly help: boolean;
}

/** What a search remembers takes memory: about a gigabyte for so many steps. */
const budgetMax = 10_000_000;

export const help = `Check histories of operations: could a correct system have answered like that?

Usage:
  npm run check -- history.json             what npm run torture -- --history wrote
  npm run check -- store/latest/history.edn a history of Jepsen's
  npm run check -- a.log b.log --checker linearizability

Flags:
  --format NAME      ${formats.join(', ')} (default: found out from the content)
  --checker A,B      only these: ${checkers.map(({ name }) => name).join(', ')}
  --budget N         steps that a search may take before it says unknown (default ${defaultLimits.steps}, at most ${budgetMax})
  --initial VALUE    what registers hold before anything was written (default: nothing)
  --report FILE      the verdicts and the history as one HTML file (of one history)
  --help             this text

Exit code: 0 nothing wrong, 1 something cannot be, 2 bad flags or a file that cannot be read, 3 nothing wrong was found and not everything
could be judged. Of several files the gravest counts: 2, 1, 3, 0. See docs/checking.md.
`;

/** Errors: `invalid-configuration`, for people. */
export function readOptions(args: readonly string[]): CheckOptions {
  const { values, positionals: files } = parse(args);
  const { report = null, initial = null, help: isHelp = false } = values;
  if (files.length === 0 && !isHelp) throw invalid('which file? See npm run check -- --help');
  if (report !== null && files.length !== 1) throw invalid('--report is for one history');
  return {
    ...{ files, report, initial, help: isHelp },
    format: values.format === undefined ? null : formatOf(values.format),
    checkers: checkersOf(values.checker),
    budget: values.budget === undefined ? defaultLimits.steps : budgetOf(values.budget),
  };
}

function invalid(message: string): QuorateError {
  return new QuorateError('invalid-configuration', message);
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        format: { type: 'string' },
        checker: { type: 'string' },
        budget: { type: 'string' },
        initial: { type: 'string' },
        report: { type: 'string' },
        help: { type: 'boolean' },
      },
    });
  } catch (error) {
    throw invalid(messageOf(error));
  }
}

function formatOf(text: string): Format {
  const format = formats.find((each) => each === text);
  if (format === undefined) throw invalid(`--format is one of ${formats.join(', ')}`);
  return format;
}

function checkersOf(text: string | undefined): readonly Checker[] {
  if (text === undefined) return checkers;
  return text.split(',').map((name) => {
    const checker = checkers.find((each) => each.name === name);
    if (checker === undefined)
      throw invalid(`--checker: ${name} is none of ${checkers.map((each) => each.name).join(', ')}`);
    return checker;
  });
}

function budgetOf(text: string): number {
  const budget = Number(text);
  if (!Number.isInteger(budget) || budget < 1 || budget > budgetMax)
    throw invalid(`--budget is a whole number from 1 to ${budgetMax}`);
  return budget;
}

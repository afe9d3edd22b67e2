import { nearest } from './nearest.js';

/** The command line or the input is wrong: the message says what, and exit code 2 follows. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/**
 * One flag. Its name is its key in the table, in camel case: `dataDir` is `--data-dir` on the command line and, if
 * `env` is set, `QUORATE_DATA_DIR` in the environment. The command line wins over the environment.
 */
export interface OptionSpec<Value> {
  /** A few words, without a capital and a full stop; may hold line breaks. */
  readonly description: string;
  /** What stands for the value in the help; undefined for a switch, which takes none. */
  readonly placeholder: string | undefined;
  readonly short: string | undefined;
  /** Other names of the flag, without `--`. */
  readonly aliases: readonly string[];
  readonly env: boolean;
  /** The default as the help shows it; undefined shows none. */
  readonly fallbackText: string | undefined;
  readonly fallback: Value;
  /** Throws UsageError, whose message completes "--flag …". */
  parse(text: string): Value;
}

/** A table of flags; the values' types follow from it. */
export type OptionSpecs = Readonly<Record<string, OptionSpec<unknown>>>;

export type OptionValues<Specs extends OptionSpecs> = {
  readonly [Name in keyof Specs]: Specs[Name] extends OptionSpec<infer Value> ? Value : never;
};

interface OptionWords {
  readonly description: string;
  readonly placeholder?: string;
  readonly short?: string;
  readonly aliases?: readonly string[];
  readonly env?: boolean;
}

/** A switch: false unless given. `--flag=false` takes back what the environment says. */
export function switchOption(words: Omit<OptionWords, 'placeholder'>): OptionSpec<boolean> {
  return { ...common(words, undefined), fallbackText: undefined, fallback: false, parse: parseSwitch };
}

/** Any text. Undefined when it is not given and has no fallback. */
export function textOption(words: OptionWords & { readonly fallback: string }): OptionSpec<string>;
export function textOption(words: OptionWords): OptionSpec<string | undefined>;
export function textOption(
  words: OptionWords & { readonly fallback?: string },
): OptionSpec<string | undefined> {
  const fallback = words.fallback;
  return { ...common(words, 'TEXT'), fallbackText: fallback, fallback, parse: (text) => text };
}

/** A whole number within `min` … `max` (defaults: 0 and 2^53 − 1). */
export function integerOption(
  words: OptionWords & { readonly fallback: number; readonly min?: number; readonly max?: number },
): OptionSpec<number> {
  const { min = 0, max = Number.MAX_SAFE_INTEGER, fallback } = words;
  function parse(text: string): number {
    const value = Number(text);
    if (!/^-?\d+$/.test(text) || !Number.isSafeInteger(value)) {
      throw new UsageError(`needs a whole number, not ${JSON.stringify(text)}`);
    }
    if (value < min || value > max) throw new UsageError(`must be ${min} to ${max}, not ${text}`);
    return value;
  }
  return { ...common(words, 'N'), fallbackText: String(fallback), fallback, parse };
}

/** A time such as `250ms`, `5s`, `1.5s` or `2m`, in milliseconds. A number alone counts seconds. */
export function durationOption(words: OptionWords & { readonly fallbackMs: number }): OptionSpec<number> {
  const fallback = words.fallbackMs;
  return {
    ...common(words, 'DURATION'),
    fallbackText: formatDuration(fallback),
    fallback,
    parse: parseDuration,
  };
}

/** One of a few words. */
export function choiceOption<const Choice extends string>(
  choices: readonly Choice[],
  words: OptionWords & { readonly fallback: Choice },
): OptionSpec<Choice> {
  function parse(text: string): Choice {
    const choice = choices.find((known) => known === text.toLowerCase());
    if (choice !== undefined) return choice;
    const guess = nearest(text.toLowerCase(), choices);
    const hint = guess === undefined ? '' : `; did you mean ${guess}?`;
    throw new UsageError(`must be one of ${choices.join(', ')}, not ${JSON.stringify(text)}${hint}`);
  }
  return {
    ...common(words, choices.join('|')),
    fallbackText: words.fallback,
    fallback: words.fallback,
    parse,
  };
}

/** Texts between commas; given several times, the last counts. Blanks around and empty ones fall away. */
export function listOption(
  words: OptionWords & { readonly fallback: readonly string[] },
): OptionSpec<readonly string[]> {
  function parse(text: string): readonly string[] {
    const items = text.split(',').map((item) => item.trim());
    const named = items.filter((item) => item !== '');
    if (named.length === 0) throw new UsageError('needs at least one value');
    return named;
  }
  const fallbackText = words.fallback.length === 0 ? undefined : words.fallback.join(',');
  return { ...common(words, 'A,B,…'), fallbackText, fallback: words.fallback, parse };
}

/** A lease's id: 64 bits in hexadecimal, with or without 0x, as etcdctl prints it. Undefined when not given. */
export function leaseOption(words: OptionWords): OptionSpec<bigint | undefined> {
  return { ...common(words, 'ID'), fallbackText: undefined, fallback: undefined, parse: parseLeaseId };
}

/** What `leaseOption` reads. */
export function parseLeaseId(text: string): bigint {
  if (!/^(0x)?[0-9a-fA-F]{1,16}$/.test(text)) {
    throw new UsageError(`needs a lease id of up to 16 hexadecimal digits, not ${JSON.stringify(text)}`);
  }
  return BigInt.asIntN(64, BigInt(text.startsWith('0x') ? text : `0x${text}`));
}

/** The same table with every flag readable from `QUORATE_…` too. */
export function withEnvironment<Specs extends OptionSpecs>(specs: Specs): Specs {
  const entries = Object.entries(specs).map(([name, spec]) => [name, { ...spec, env: true }]);
  return Object.fromEntries(entries) as Specs;
}

/** `dataDir` → `data-dir` */
export function flagName(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** `dataDir` → `QUORATE_DATA_DIR` */
export function variableName(name: string): string {
  return `QUORATE_${flagName(name).replaceAll('-', '_').toUpperCase()}`;
}

/** In milliseconds: `250ms`, `1.5s`, or several parts as Go writes them, `1h30m`. A number alone counts seconds. */
export function parseDuration(text: string): number {
  if (!/^(\d+(\.\d+)?|(\d+(\.\d+)?(ms|s|m|h))+)$/.test(text))
    throw new UsageError(`needs a duration such as 500ms or 5s, not ${JSON.stringify(text)}`);
  let sumMs = 0;
  for (const [, amount, unit = 's'] of text.matchAll(/([\d.]+)(ms|s|m|h)?/g)) {
    sumMs += Number(amount) * (unitsMs[unit] ?? 0);
  }
  return Math.round(sumMs);
}

const unitsMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

export function formatDuration(ms: number): string {
  return ms % 1000 === 0 ? `${ms / 1000}s` : `${ms}ms`;
}

function common(words: OptionWords, placeholder: string | undefined) {
  return {
    description: words.description,
    placeholder: placeholder === undefined ? undefined : (words.placeholder ?? placeholder),
    short: words.short,
    aliases: words.aliases ?? [],
    env: words.env ?? false,
  };
}

function parseSwitch(text: string): boolean {
  if (['', 'true', '1', 'yes', 'on'].includes(text.toLowerCase())) return true;
  if (['false', '0', 'no', 'off'].includes(text.toLowerCase())) return false;
  throw new UsageError(`must be true or false, not ${JSON.stringify(text)}`);
}

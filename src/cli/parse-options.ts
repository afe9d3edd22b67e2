import { parseArgs } from 'node:util';
import type { ParseArgsConfig } from 'node:util';

import { nearest } from './nearest.js';
import { flagName, UsageError, variableName } from './options.js';
import type { OptionSpec, OptionSpecs, OptionValues } from './options.js';

export type ParsedOptions<Specs extends OptionSpecs> =
  | { readonly wantsHelp: true }
  | {
      readonly wantsHelp: false;
      readonly options: OptionValues<Specs>;
      readonly positionals: readonly string[];
      /** How many of the positionals stand before the first `--`; undefined if there is none. */
      readonly dashesAt: number | undefined;
    };

/** Reads a command line by its table. Throws UsageError naming the flag or variable at fault. */
export function parseOptions<Specs extends OptionSpecs>(
  specs: Specs,
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): ParsedOptions<Specs> {
  const tokens = tokensOf(specs, args);
  const byFlag = new Map(
    Object.entries(specs).flatMap(([name, spec]) =>
      flagsOf(name, spec).map((flag) => [flag, { name, spec }]),
    ),
  );
  const values = new Map<string, unknown>();
  const positionals: string[] = [];
  let dashesAt: number | undefined;
  for (const token of tokens) {
    if (token.kind === 'option-terminator') dashesAt = positionals.length;
    if (token.kind === 'positional') positionals.push(token.value);
    if (token.kind !== 'option') continue;
    if (token.name === 'help') return { wantsHelp: true };
    const known = byFlag.get(token.name);
    if (known === undefined) throw unknownFlag(token.rawName, [...byFlag.keys(), 'help']);
    const text = valueText(known.spec, token.rawName, token.value, token.inlineValue === true);
    values.set(known.name, parseNamed(known.spec, token.rawName, text));
  }
  for (const [name, spec] of Object.entries(specs)) {
    if (!values.has(name)) values.set(name, fromEnvironment(name, spec, env));
  }
  const options = Object.fromEntries(values) as OptionValues<Specs>;
  return { wantsHelp: false, options, positionals, dashesAt };
}

/** Where the first argument stands that is neither a flag nor a flag's value. Throws UsageError for an unknown flag. */
export function firstPositional(specs: OptionSpecs, args: readonly string[]): number | undefined {
  const flags = [...Object.entries(specs).flatMap(([name, spec]) => flagsOf(name, spec)), 'help'];
  for (const token of tokensOf(specs, args)) {
    if (token.kind === 'positional') return token.index;
    if (token.kind === 'option' && !flags.includes(token.name)) throw unknownFlag(token.rawName, flags);
  }
  return undefined;
}

function flagsOf(name: string, spec: OptionSpec<unknown>): readonly string[] {
  return [flagName(name), ...spec.aliases];
}

function tokensOf(specs: OptionSpecs, args: readonly string[]) {
  return parseArgs({
    args: [...args],
    options: optionsForParseArgs(specs),
    allowPositionals: true,
    strict: false,
    tokens: true,
  }).tokens;
}

type ParseArgsOption = NonNullable<ParseArgsConfig['options']>[string];

function optionsForParseArgs(specs: OptionSpecs): Record<string, ParseArgsOption> {
  const entries = Object.entries(specs).flatMap(([name, spec]): readonly [string, ParseArgsOption][] => {
    const type: 'boolean' | 'string' = spec.placeholder === undefined ? 'boolean' : 'string';
    const own = spec.short === undefined ? { type } : { type, short: spec.short };
    return [
      [flagName(name), own],
      ...spec.aliases.map((alias): [string, ParseArgsOption] => [alias, { type }]),
    ];
  });
  return { ...Object.fromEntries(entries), help: { type: 'boolean', short: 'h' } };
}

function valueText(
  spec: OptionSpec<unknown>,
  flag: string,
  value: string | undefined,
  isInline: boolean,
): string {
  if (spec.placeholder === undefined) return value ?? '';
  const isForgotten = value === undefined || (!isInline && value.startsWith('--'));
  if (isForgotten) throw new UsageError(`flag ${flag} needs a value: ${flag} ${spec.placeholder}`);
  return value;
}

function fromEnvironment(
  name: string,
  spec: OptionSpec<unknown>,
  env: Readonly<Record<string, string | undefined>>,
): unknown {
  const variable = variableName(name);
  const text = spec.env ? env[variable] : undefined;
  return text === undefined || text === '' ? spec.fallback : parseNamed(spec, variable, text);
}

function parseNamed(spec: OptionSpec<unknown>, source: string, text: string): unknown {
  try {
    return spec.parse(text);
  } catch (error) {
    if (error instanceof UsageError) throw new UsageError(`${source} ${error.message}`);
    throw error;
  }
}

function unknownFlag(flag: string, known: readonly string[]): UsageError {
  const guess = nearest(flag.replace(/^-+/, ''), known);
  return new UsageError(`unknown flag ${flag}${guess === undefined ? '' : `; did you mean --${guess}?`}`);
}

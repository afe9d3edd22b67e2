import { compare, op } from '../client/index.js';
import type { Compare, CompareSign, DeleteResult, Operation, Page, PutResult } from '../client/index.js';
import { readBytes } from './bytes-text.js';
import { takePositionals } from './command.js';
import { rangeOptions } from './get.js';
import { keyOptions, readKeys } from './key-options.js';
import { flagName, UsageError } from './options.js';
import { parseOptions } from './parse-options.js';
import type { OptionSpecs, OptionValues } from './options.js';
import { putOptions } from './put.js';
import { scanLine } from './txn-scanner.js';
import type { LineScanner, Word } from './txn-scanner.js';

export type StepResult =
  | { readonly type: 'put'; readonly result: PutResult }
  | { readonly type: 'get'; readonly result: Page }
  | { readonly type: 'del'; readonly result: DeleteResult };

export interface TxnScript {
  readonly compares: readonly Compare[];
  readonly success: readonly Operation<StepResult>[];
  readonly failure: readonly Operation<StepResult>[];
}

interface NumberedLine {
  readonly number: number;
  readonly text: string;
}

/**
 * Reads the text of a transaction; `quorate txn --help` tells its grammar. Throws UsageError naming the line.
 */
export function parseTxn(text: string, isHex: boolean): TxnScript {
  const lines = text.split(/\r?\n/).map((line, index) => ({ number: index + 1, text: line }));
  const [compares, success, failure] = usesHeadings(lines)
    ? splitAtHeadings(lines)
    : splitAtBlankLines(lines);
  return {
    compares: compares.map((line) => atLine(line, () => parseCompare(scanLine(line.text), isHex))),
    success: success.map((line) => atLine(line, () => parseOperation(scanLine(line.text), isHex))),
    failure: failure.map((line) => atLine(line, () => parseOperation(scanLine(line.text), isHex))),
  };
}

type Sections = readonly [NumberedLine[], NumberedLine[], NumberedLine[]];

const headings: readonly (readonly string[])[] = [
  ['if', 'compares'],
  ['then', 'success'],
  ['else', 'failure'],
];

/** 0, 1 or 2 for a heading, −1 for another line. */
function headingOf(text: string): number {
  const word = text.trim().replace(/:$/, '');
  return headings.findIndex((names) => names.includes(word));
}

function isEmpty(line: NumberedLine): boolean {
  return scanLine(line.text).isAtEnd();
}

function usesHeadings(lines: readonly NumberedLine[]): boolean {
  const first = lines.find((line) => !isEmpty(line));
  return first !== undefined && headingOf(first.text) >= 0;
}

function splitAtHeadings(lines: readonly NumberedLine[]): Sections {
  const sections: Sections = [[], [], []];
  let current = -1;
  for (const line of lines) {
    if (isEmpty(line)) continue;
    const heading = headingOf(line.text);
    if (heading < 0) sections[current]?.push(line);
    else if (heading > current) current = heading;
    else atLine(line, () => fail('the order is if, then, else, each once'));
  }
  return sections;
}

/** A comment alone on its line separates nothing. */
function splitAtBlankLines(lines: readonly NumberedLine[]): Sections {
  const sections: Sections = [[], [], []];
  let current = 0;
  for (const line of lines) {
    if (line.text.trim() === '') {
      current++;
    } else if (!isEmpty(line)) {
      const section = sections[current];
      if (section === undefined) atLine(line, () => fail('there is a fourth part; parts end at blank lines'));
      section?.push(line);
    }
  }
  return sections;
}

const signs: readonly (readonly [string, CompareSign])[] = [
  ['==', '='],
  ['!=', '!='],
  ['=', '='],
  ['<', '<'],
  ['>', '>'],
];

function parseCompare(line: LineScanner, isHex: boolean): Compare {
  const target = textOf(line.word('what to compare', '('));
  if (!line.take('(')) throw new UsageError(`${target} needs a key: ${target}(KEY)`);
  const key = readBytesOf(line.word('the key', ')'), isHex);
  if (!line.take(')')) throw new UsageError('a ) is missing after the key');
  const made =
    target === 'exists' || target === 'missing' ? compare[target](key) : compareWith(target, key, line);
  if (!line.isAtEnd()) throw new UsageError('nothing more is expected after this comparison');
  return made;

  function compareWith(name: string, ofKey: Uint8Array, rest: LineScanner): Compare {
    const sign = signs.find(([symbol]) => rest.take(symbol))?.[1];
    if (sign === undefined) throw new UsageError('a comparison needs one of = != < >');
    const operand = rest.word('what to compare with');
    switch (name) {
      case 'value':
      case 'val':
        return compare.value(ofKey, sign, readBytesOf(operand, isHex));
      case 'version':
      case 'ver':
        return compare.version(ofKey, sign, numberOf(operand));
      case 'mod':
      case 'm':
        return compare.modRevision(ofKey, sign, numberOf(operand));
      case 'create':
      case 'c':
        return compare.createRevision(ofKey, sign, numberOf(operand));
      case 'lease':
        return compare.lease(ofKey, sign, putOptions.lease.parse(textOf(operand)) ?? 0n);
      default:
        throw new UsageError(`unknown comparison ${name}; there are ${comparisonNames}`);
    }
  }
}

const comparisonNames = 'value, version, mod, create, lease, exists and missing';

function parseOperation(line: LineScanner, isHex: boolean): Operation<StepResult> {
  const name = textOf(line.word('an operation'));
  switch (name) {
    case 'put': {
      const { options, words } = readFlags(putOptions, line);
      const [key, value] = takeWords(words, ['KEY', 'VALUE']);
      const operation = op.put(readBytesOf(key, isHex), readBytesOf(value, isHex), options);
      return { ...operation, read: (response) => ({ type: 'put', result: operation.read(response) }) };
    }
    case 'get': {
      const { options, words } = readFlags(rangeOptions, line);
      const [key] = takeWords(words, ['KEY']);
      const keys = readKeys(hexOf(key, isHex), hexRangeEnd(options, isHex), true);
      const operation = op.range(keys, { ...options, revision: options.rev });
      return { ...operation, read: (response) => ({ type: 'get', result: operation.read(response) }) };
    }
    case 'del': {
      const { options, words } = readFlags(keyOptions, line);
      const [key] = takeWords(words, ['KEY']);
      const operation = op.delete(readKeys(hexOf(key, isHex), hexRangeEnd(options, isHex), true));
      return { ...operation, read: (response) => ({ type: 'del', result: operation.read(response) }) };
    }
    default:
      throw new UsageError(`unknown operation ${name}; there are put, get and del`);
  }
}

/** Flags may stand anywhere after the operation, as `--limit=3` or `--limit 3`. */
function readFlags<Specs extends OptionSpecs>(
  specs: Specs,
  line: LineScanner,
): { readonly options: OptionValues<Specs>; readonly words: readonly Word[] } {
  const flags: string[] = [];
  const words: Word[] = [];
  while (!line.isAtEnd()) {
    const word = line.word('a word', '');
    const text = textOf(word);
    if (word.isQuoted || !text.startsWith('--')) {
      words.push(word);
      continue;
    }
    const [, spec] = Object.entries(specs).find(([name]) => text === `--${flagName(name)}`) ?? [];
    const takesNext = spec?.placeholder !== undefined;
    flags.push(takesNext ? `${text}=${textOf(line.word(`the value of ${text}`))}` : text);
  }
  const parsed = parseOptions(specs, flags, {});
  if (parsed.wantsHelp)
    throw new UsageError('there is no help within a transaction; see `quorate txn --help`');
  return { options: parsed.options, words };
}

function takeWords<const Names extends readonly string[]>(
  words: readonly Word[],
  names: Names,
): { readonly [Index in keyof Names]: Word } {
  takePositionals(words.map(textOf), names); // The same complaints as on the command line.
  return words as unknown as { readonly [Index in keyof Names]: Word };
}

/** Everything as hexadecimal: so bytes pass through what reads command lines. */
function hexOf(word: Word, isHex: boolean): string {
  return Buffer.from(readBytesOf(word, isHex)).toString('hex');
}

function hexRangeEnd<Options extends { readonly rangeEnd: string | undefined }>(
  options: Options,
  isHex: boolean,
): Options {
  if (options.rangeEnd === undefined || isHex) return options;
  return { ...options, rangeEnd: Buffer.from(options.rangeEnd, 'utf8').toString('hex') };
}

function readBytesOf(word: Word, isHex: boolean): Uint8Array {
  return isHex ? readBytes(textOf(word), true) : word.bytes;
}

function numberOf(word: Word): number {
  const text = textOf(word);
  if (!/^-?\d+$/.test(text) || !Number.isSafeInteger(Number(text))) {
    throw new UsageError(`a whole number is needed, not ${JSON.stringify(text)}`);
  }
  return Number(text);
}

function textOf(word: Word): string {
  return word.bytes.toString('utf8');
}

function atLine<Result>(line: NumberedLine, read: () => Result): Result {
  try {
    return read();
  } catch (error) {
    if (error instanceof UsageError) throw new UsageError(`line ${line.number}: ${error.message}`);
    throw error;
  }
}

function fail(message: string): never {
  throw new UsageError(message);
}

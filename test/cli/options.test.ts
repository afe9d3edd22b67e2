import { describe, expect, test } from 'vitest';

import {
  choiceOption,
  durationOption,
  integerOption,
  leaseOption,
  listOption,
  switchOption,
  textOption,
  withEnvironment,
} from '../../src/cli/options.js';
import { parseOptions } from '../../src/cli/parse-options.js';

const specs = withEnvironment({
  dataDir: textOption({ description: 'where', short: 'd' }),
  limit: integerOption({ description: 'how many', fallback: 10, min: 1, max: 100 }),
  timeout: durationOption({ description: 'how long', fallbackMs: 5000 }),
  order: choiceOption(['ascend', 'descend'], { description: 'which way', fallback: 'ascend' }),
  urls: listOption({ description: 'where to', fallback: ['a'] }),
  lease: leaseOption({ description: 'which lease' }),
  json: switchOption({ description: 'for programs', aliases: ['machine-readable'] }),
});

function parse(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const parsed = parseOptions(specs, args, env);
  if (parsed.wantsHelp) throw new Error('no help was asked for');
  return parsed;
}

describe('flags', () => {
  test('have their fallbacks', () => {
    expect(parse([])).toEqual({
      wantsHelp: false,
      positionals: [],
      options: {
        dataDir: undefined,
        limit: 10,
        timeout: 5000,
        order: 'ascend',
        urls: ['a'],
        lease: undefined,
        json: false,
      },
    });
  });

  test('are given with = or a blank, short, and anywhere', () => {
    const { options, positionals } = parse(
      'one --limit=3 two -d /data --json --order DESCEND --urls=x,y -- --three'.split(' '),
    );
    expect(options).toMatchObject({
      limit: 3,
      dataDir: '/data',
      json: true,
      order: 'descend',
      urls: ['x', 'y'],
    });
    expect(positionals).toEqual(['one', 'two', '--three']);
  });

  test('may have other names', () => {
    expect(parse(['--machine-readable']).options.json).toBe(true);
    expect(parse(['--machine-readable', '--json=false']).options.json).toBe(false);
    expect(() => parse(['--machine-readble'])).toThrow('did you mean --machine-readable?');
  });

  test('lists lose blanks and empty parts', () => {
    expect(parse(['--urls', ' x ,, y ']).options.urls).toEqual(['x', 'y']);
  });

  test.each([
    ['250ms', 250],
    ['5s', 5000],
    ['1.5s', 1500],
    ['2m', 120_000],
    ['1h', 3_600_000],
    ['10m0s', 600_000],
    ['1h30m0.5s', 5_400_500],
    ['3', 3000],
  ])('the duration %s', (text, ms) => {
    expect(parse(['--timeout', text]).options.timeout).toBe(ms);
  });

  test('leases are 64 bits in hexadecimal', () => {
    expect(parse(['--lease', '694d8b3fa1c5a20f']).options.lease).toBe(0x694d8b3fa1c5a20fn);
    expect(parse(['--lease', '0xffffffffffffffff']).options.lease).toBe(-1n);
  });

  test('may come from the environment, which the command line overrides', () => {
    const env = { QUORATE_DATA_DIR: '/env', QUORATE_JSON: 'true', QUORATE_LIMIT: '7', QUORATE_ORDER: '' };
    expect(parse([], env).options).toMatchObject({ dataDir: '/env', json: true, limit: 7, order: 'ascend' });
    expect(parse(['--limit', '8', '--json=false'], env).options).toMatchObject({ limit: 8, json: false });
  });

  test('a dash alone is an argument', () => {
    expect(parse(['key', '-']).positionals).toEqual(['key', '-']);
  });

  test('--help wins, wherever it stands', () => {
    expect(parseOptions(specs, ['x', '--limit', '5', '-h'], {})).toEqual({ wantsHelp: true });
  });
});

describe('what is wrong is said', () => {
  test.each([
    [['--jsn'], 'unknown flag --jsn; did you mean --json?'],
    [['--dat'], 'unknown flag --dat; did you mean --data-dir?'],
    [['--nothing-like-it'], 'unknown flag --nothing-like-it'],
    [['-x'], 'unknown flag -x'],
    [['--limit'], 'flag --limit needs a value: --limit N'],
    [['--limit', '--json'], 'flag --limit needs a value: --limit N'],
    [['--limit', 'many'], '--limit needs a whole number, not "many"'],
    [['--limit', '0'], '--limit must be 1 to 100, not 0'],
    [['--limit', '1e2'], '--limit needs a whole number, not "1e2"'],
    [['--timeout', 'soon'], '--timeout needs a duration such as 500ms or 5s, not "soon"'],
    [['--order', 'acsend'], '--order must be one of ascend, descend, not "acsend"; did you mean ascend?'],
    [['--urls', ','], '--urls needs at least one value'],
    [['--json=perhaps'], '--json must be true or false, not "perhaps"'],
    [['--lease', 'mine'], '--lease needs a lease id of up to 16 hexadecimal digits, not "mine"'],
  ])('%j', (args, message) => {
    expect(() => parse(args)).toThrow(new RegExp(`^${message.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}$`));
  });

  test('in the environment too', () => {
    expect(() => parse([], { QUORATE_LIMIT: 'x' })).toThrow('QUORATE_LIMIT needs a whole number, not "x"');
  });
});

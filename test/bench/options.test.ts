import { describe, expect, test } from 'vitest';
import { help, parseOptions } from '../../bench/options.js';
import type { Options } from '../../bench/options.js';
import { choose, listWorks } from '../../bench/work/catalogue.js';

function optionsOf(...args: string[]): Options {
  const wish = parseOptions(args);
  if (wish.type !== 'run') throw new Error(`not a run: ${JSON.stringify(wish)}`);
  return wish.options;
}

describe('options', () => {
  test('by themselves: five rounds of both systems, twenty failovers, a million keys', () => {
    expect(optionsOf()).toMatchObject({
      rounds: 5,
      failovers: 20,
      keys: 1_000_000,
      systems: ['etcd', 'quorate'],
    });
  });

  test('--quick does less of everything, and what is said besides counts', () => {
    expect(optionsOf('--quick', '--rounds', '4')).toMatchObject({ rounds: 4, seconds: 1, keys: 100_000 });
  });

  test('--only takes several, --system one of two', () => {
    expect(optionsOf('--only', 'put-64,watch', '--system', 'quorate')).toMatchObject({
      only: ['put-64', 'watch'],
      systems: ['quorate'],
    });
  });

  test.each([
    [['--rounds', '0'], '--rounds 0: a whole number from 1'],
    [['--rounds', '1.5'], '--rounds 1.5: a whole number'],
    [['--rounds', 'many'], '--rounds many: a whole number'],
    [['--seconds', '0'], '--seconds 0: a number above 0'],
    [['--seconds', ''], '--seconds : a number above 0'],
    [['--seconds=-1'], '--seconds -1: a number above 0'],
    [['--minutes', '1e9'], '--minutes 1e9: a number above 0 and up to 1440'],
    [['--keys', '10'], '--keys 10: a whole number from 10000'],
    [['--system', 'consul'], '--system consul: etcd, quorate or both'],
    [['--report', 'page.txt'], '--report page.txt: a name that ends in .html'],
    [['--round', '3'], "Unknown option '--round'"],
    [['put'], "Unexpected argument 'put'"],
  ])('%j is refused, and it says what is wanted', (args, message) => {
    const wish = parseOptions(args);
    expect(wish.type === 'wrong' ? wish.message : '').toContain(message);
  });

  test('the help names every flag', () => {
    const flags = [
      'only',
      'quick',
      'rounds',
      'seconds',
      'failovers',
      'joins',
      'keys',
      'system',
      'json',
      'report',
    ];
    for (const flag of [...flags, 'compare', 'list', 'grown-keys', 'minutes'])
      expect(help).toContain(`--${flag}`);
    expect(parseOptions(['--help']).type).toBe('help');
  });
});

describe('the choice of works', () => {
  const idsOf = (...only: string[]): string[] => choose(only).flatMap(({ chosen }) => [...chosen]);

  test('by itself has every goal of the table, and nothing that takes long', () => {
    const ids = idsOf();
    const goals = ['put-1', 'put-8', 'put-64', 'put-100x10', 'get-64', 'get-100x10', 'serializable-64'];
    const more = [
      'serializable-100x10',
      'txn-64',
      'follower-put-64',
      'follower-get-64',
      'mixed-50-50',
      'mixed-95-5',
    ];
    const rest = ['range-1000', 'load', 'memory', 'restart', 'join', 'failover', 'limit-put', 'limit-get'];
    expect(ids).toEqual(expect.arrayContaining([...goals, ...more, ...rest]));
    expect(ids).not.toContain('growth');
    expect(ids).not.toContain('sustained');
  });

  test('takes a whole id for that work alone, and part of one for all that have it', () => {
    expect(idsOf('put-1')).toEqual(['put-1']);
    expect(idsOf('PUT-')).toEqual(expect.arrayContaining(['put-1', 'put-64', 'follower-put-64']));
    expect(idsOf('zipfian')).toEqual(['mixed-50-50', 'mixed-95-5']);
  });

  test('takes long works by name', () => {
    expect(idsOf('sustained')).toEqual(['sustained']);
    expect(idsOf('growth')).toContain('growth');
  });

  test('of a name that nothing has is empty', () => {
    expect(idsOf('nothing-like-that')).toEqual([]);
  });

  test('no two works have the same id, and all are listed', () => {
    const ids = idsOf('-', 'a', 'e', 'i', 'o', 'u');
    expect(new Set(ids).size).toBe(ids.length);
    for (const id of ids) expect(listWorks()).toContain(id);
  });
});

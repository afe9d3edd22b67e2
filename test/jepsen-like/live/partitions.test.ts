import { describe, expect, test } from 'vitest';
import { bridge, halves, isolation, ring } from '../../../jepsen-like/live/partitions.js';
import type { Pair } from '../../../jepsen-like/live/network/index.js';

const three = ['n1', 'n2', 'n3'];
const five = ['n1', 'n2', 'n3', 'n4', 'n5'];

/** Whom each still hears, itself included. */
function heard(names: readonly string[], cuts: readonly Pair[]): Readonly<Record<string, string>> {
  const isCut = (from: string, to: string): boolean => cuts.some(([a, b]) => a === from && b === to);
  return Object.fromEntries(
    names.map((to) => [to, names.filter((from) => from === to || !isCut(from, to)).join(' ')]),
  );
}

describe('a partition', () => {
  test('of halves leaves a minority alone', () => {
    expect(heard(five, halves(five, 4))).toEqual({
      n5: 'n1 n5',
      n1: 'n1 n5',
      n2: 'n2 n3 n4',
      n3: 'n2 n3 n4',
      n4: 'n2 n3 n4',
    });
    expect(heard(three, halves(three, 1))).toEqual({ n1: 'n1 n3', n2: 'n2', n3: 'n1 n3' });
  });

  test.each([three, five].map((names) => ({ names, size: names.length })))(
    'in a ring lets each of $size hear a majority, and no two the same',
    ({ names, size }) => {
      const groups = Object.values(heard(names, ring(names)));
      expect(new Set(groups).size).toBe(size);
      expect(new Set(groups.map((group) => group.split(' ').length))).toEqual(new Set([(size + 1) / 2]));
    },
  );

  test('with a bridge leaves one that hears everybody', () => {
    expect(heard(five, bridge(five, 2))).toEqual({
      n1: 'n1 n2 n3',
      n2: 'n1 n2 n3',
      n3: 'n1 n2 n3 n4 n5',
      n4: 'n3 n4 n5',
      n5: 'n3 n4 n5',
    });
    expect(heard(three, bridge(three, 0))).toEqual({ n1: 'n1 n2 n3', n2: 'n1 n2', n3: 'n1 n3' });
  });

  test('of one member goes in, out, or both ways', () => {
    expect(heard(three, isolation(three, 'n2', 'in'))).toEqual({ n1: 'n1 n2 n3', n2: 'n2', n3: 'n1 n2 n3' });
    expect(heard(three, isolation(three, 'n2', 'out'))).toEqual({ n1: 'n1 n3', n2: 'n1 n2 n3', n3: 'n1 n3' });
    expect(heard(three, isolation(three, 'n2', 'both'))).toEqual({ n1: 'n1 n3', n2: 'n2', n3: 'n1 n3' });
  });
});

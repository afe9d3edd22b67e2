import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { entrySizeBytes, Log } from '../../src/raft/log.js';
import type { Entry, SnapshotMeta } from '../../src/raft/index.js';
import { configurationOf } from './cluster.js';
import { entriesOf, entryOf } from './single.js';

const configuration = configurationOf(['1']);

function metaAt(term: number, index: number): SnapshotMeta {
  return { term, index, configuration };
}

type Operation =
  | { readonly type: 'append'; readonly terms: readonly number[] }
  | { readonly type: 'truncate' | 'compact'; readonly at: number }
  | { readonly type: 'restore'; readonly term: number; readonly index: number };

const operations: fc.Arbitrary<Operation> = fc.oneof(
  fc.record({ type: fc.constant('append' as const), terms: fc.array(fc.nat(2), { maxLength: 5 }) }),
  fc.record({ type: fc.constantFrom('truncate' as const, 'compact' as const), at: fc.nat(30) }),
  fc.record({
    type: fc.constant('restore' as const),
    term: fc.integer({ min: 1, max: 9 }),
    index: fc.integer({ min: 1, max: 40 }),
  }),
);

describe('the log in memory', () => {
  test('is what a plain map of positions would be', () => {
    fc.assert(
      fc.property(fc.array(operations, { maxLength: 30 }), (list) => {
        const log = new Log(metaAt(0, 0), []);
        let base = metaAt(0, 0);
        let twin: Entry[] = [];
        for (const operation of list) {
          const end = base.index + twin.length;
          if (operation.type === 'append') {
            let term = twin.at(-1)?.term ?? base.term;
            const news = operation.terms.map((more, place) =>
              entryOf((term = Math.max(1, term + more)), end + place + 1),
            );
            log.append(news);
            twin = [...twin, ...news];
          } else if (operation.type === 'truncate' && operation.at > base.index && operation.at <= end) {
            log.truncateFrom(operation.at);
            twin = twin.filter(({ index }) => index < operation.at);
          } else if (operation.type === 'compact' && operation.at > base.index && operation.at <= end) {
            base = metaAt(log.termAt(operation.at) ?? 0, operation.at);
            log.compactTo(base);
            twin = twin.filter(({ index }) => index > operation.at);
          } else if (operation.type === 'restore') {
            base = metaAt(operation.term, operation.index);
            log.restore(base);
            twin = [];
          }
          expectSame(log, base, twin);
        }
      }),
    );
  });

  function expectSame(log: Log, base: SnapshotMeta, twin: readonly Entry[]): void {
    const { term, index } = twin.at(-1) ?? base;
    expect(log.last).toEqual({ term, index });
    expect([log.firstIndex, log.lastIndex, log.lastTerm]).toEqual([base.index + 1, index, term]);
    expect(log.between(log.firstIndex, log.lastIndex)).toEqual(twin);
    expect(log.sizeBytes).toBe(twin.reduce((sum, entry) => sum + entrySizeBytes(entry), 0));
    for (let at = Math.max(0, base.index - 2); at <= index + 2; at++) {
      const known = at === base.index ? base.term : twin.find((entry) => entry.index === at)?.term;
      expect(log.termAt(at)).toBe(known);
      for (let wanted = 0; wanted < 12; wanted += 3) {
        const naive = twin.filter((entry) => entry.index <= at && entry.term <= wanted).at(-1)?.index;
        expect(log.lastPossibleMatch({ term: wanted, index: at })).toBe(naive ?? Math.min(at, base.index));
      }
    }
  }

  test('hands out entries up to a size, but always one', () => {
    const log = new Log(metaAt(0, 0), entriesOf(1, 1, 1));
    const one = entrySizeBytes(entryOf(1, 1));
    expect(log.from(1, 1)).toHaveLength(1);
    expect(log.from(1, 2 * one)).toHaveLength(2);
    expect(log.from(1, 3 * one - 1)).toHaveLength(2);
    expect(log.from(2, 100 * one)).toHaveLength(2);
    expect(log.from(4, 100)).toHaveLength(0);
  });

  test('refuses gaps, and terms that go back', () => {
    const log = new Log(metaAt(2, 5), []);
    expect(() => log.push(entryOf(2, 7))).toThrow('the log has no gap');
    expect(() => log.push(entryOf(1, 6))).toThrow('terms never decrease');
    expect(() => log.truncateFrom(5)).toThrow('stays within the log');
    expect(() => log.compactTo(metaAt(2, 9))).toThrow('a position of the log');
  });
});

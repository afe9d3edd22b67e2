import fc from 'fast-check';
import { expect } from 'vitest';
import type { Checker, CheckLimits, Verdict } from '../../../jepsen-like/checkers/types.js';
import type { History } from '../../../jepsen-like/history/index.js';

/** Names of what the checker blames; none: it blames nothing. */
export function namesOf(verdict: Verdict): readonly string[] {
  return verdict.type === 'violated' ? verdict.anomalies.map(({ name }) => name) : [];
}

/** All of these histories are legal: a checker that blames one of them lies. Fast-check prints the seed of one that is. */
export function expectNoBlame(
  checker: Checker,
  make: (seed: number) => History,
  { runs = 100, limits }: { readonly runs?: number; readonly limits?: CheckLimits } = {},
): void {
  fc.assert(
    fc.property(fc.nat(), (seed) => {
      const verdict = checker.check(make(seed), limits);
      expect(verdict.type === 'violated' ? verdict.anomalies : []).toEqual([]);
    }),
    { numRuns: runs },
  );
}

/**
 * Plants an anomaly into legal histories; null: this one has no place for it, and another is taken. The checker has to blame each, by the
 * name that is expected.
 */
export function expectBlame(
  checker: Checker,
  plant: (seed: number) => History | null,
  name: string | RegExp,
  { runs = 30 }: { readonly runs?: number } = {},
): void {
  fc.assert(
    fc.property(fc.nat(), (seed) => {
      const history = plant(seed);
      fc.pre(history !== null);
      const verdict = checker.check(history);
      expect(verdict.type).toBe('violated');
      expect(namesOf(verdict)).toContainEqual(expect.stringMatching(name) as string);
    }),
    { numRuns: runs },
  );
}

import { at } from '../../../src/base/index.js';
import type { Random } from '../../../src/base/index.js';

export function pick<T>(random: Random, from: readonly T[]): T {
  return at(from, random.below(from.length));
}

/** One of them, each as often as its weight says. */
export function pickWeighted<T extends { readonly weight: number }>(random: Random, from: readonly T[]): T {
  const total = from.reduce((sum, { weight }) => sum + weight, 0);
  let rest = random.below(total);
  for (const each of from) {
    if (rest < each.weight) return each;
    rest -= each.weight;
  }
  return at(from, from.length - 1);
}

/** Mostly one of the usual, sometimes one of the odd ones. */
export function pickOdd<T>(random: Random, usual: readonly T[], odd: readonly T[]): T {
  return pick(random, random.chance(0.1) ? odd : usual);
}

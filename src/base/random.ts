import { assert } from './assert.js';

/** Where all randomness of the pure parts comes from: injected, so that one seed gives one run. */
export interface Random {
  /** The next 32 random bits, 0 … 2^32 − 1. */
  nextUint32(): number;
  /** A whole number in [0, bound). `bound` is 1 … 2^32. */
  below(bound: number): number;
  /** True with the given probability, 0 … 1. */
  chance(probability: number): boolean;
}

/**
 * A small seeded generator (sfc32 by Chris Doty-Humphrey, as in PractRand): fast, and good enough for elections
 * and simulation. Not for secrets.
 */
export function seededRandom(seed: number): Random {
  let a = 0;
  let b = seed >>> 0;
  let c = Math.floor(seed / 0x1_0000_0000) >>> 0;
  let counter = 1;

  function nextUint32(): number {
    const sum = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + sum;
    return sum >>> 0;
  }

  for (let round = 0; round < 12; round++) nextUint32(); // Spreads the seed over the whole state.
  return {
    nextUint32,
    below(bound) {
      assert(Number.isInteger(bound) && bound >= 1 && bound <= 0x1_0000_0000, 'a bound of 1 to 2^32');
      return Math.floor((nextUint32() / 0x1_0000_0000) * bound);
    },
    chance: (probability) => nextUint32() / 0x1_0000_0000 < probability,
  };
}

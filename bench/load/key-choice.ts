import type { Random } from '../../src/base/index.js';

/** Which of the keys 0 … count − 1 a request is about. */
export type KeyPattern =
  | { readonly kind: 'uniform'; readonly count: number }
  /** As YCSB has it: few keys get most requests, and they lie scattered among the others. */
  | { readonly kind: 'zipfian'; readonly count: number }
  /** One after the other, again from the first. */
  | { readonly kind: 'in-turn'; readonly count: number };

const zipfianTheta = 0.99;
/** A prime: multiplying by it, in whole numbers that a double holds, never makes two of up to this many keys the same. */
const scatterPrime = 15_485_863;

export function createKeyChoice(pattern: KeyPattern, random: Random): () => number {
  const { kind, count } = pattern;
  if (!Number.isInteger(count) || count < 1 || count >= scatterPrime)
    throw new Error(`a choice among ${count} keys: 1 to ${scatterPrime - 1}`);
  switch (kind) {
    case 'uniform':
      return () => random.below(count);
    case 'in-turn': {
      let next = random.below(count);
      return () => {
        next = next + 1 < count ? next + 1 : 0;
        return next;
      };
    }
    case 'zipfian': {
      const nextRank = createZipfianRanks(count, random);
      return () => scatter(nextRank(), count);
    }
  }
}

/**
 * Ranks 0 … count − 1, of which rank r comes with a probability in proportion to 1 / (r + 1)^0.99: the method of Gray and
 * others, "Quickly Generating Billion-Record Synthetic Databases" (1994).
 */
export function createZipfianRanks(count: number, random: Random): () => number {
  const zetaOfAll = zeta(count);
  const power = 1 / (1 - zipfianTheta);
  const eta = (1 - (2 / count) ** (1 - zipfianTheta)) / (1 - zeta(Math.min(2, count)) / zetaOfAll);
  const second = 1 + 0.5 ** zipfianTheta;
  return () => {
    const chance = random.nextUint32() / 0x1_0000_0000;
    const scaled = chance * zetaOfAll;
    if (scaled < 1 || count === 1) return 0;
    if (scaled < second) return 1;
    return Math.min(count - 1, Math.floor(count * (eta * chance - eta + 1) ** power));
  };
}

function zeta(count: number): number {
  let sum = 0;
  for (let rank = 1; rank <= count; rank++) sum += rank ** -zipfianTheta;
  return sum;
}

/** Each number below `count` to another, none to the same. */
export function scatter(rank: number, count: number): number {
  return (rank * scatterPrime) % count;
}

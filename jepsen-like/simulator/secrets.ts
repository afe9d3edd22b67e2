import { createHash } from 'node:crypto';
import type { Random } from '../../src/base/index.js';
import type { Secrets } from '../../src/member/index.js';

/** Secrets that anybody could guess: at once, and the same for the same seed. */
export function cheapSecrets(random: Random): Secrets {
  const digest = (password: string, cost: number): string =>
    `cheap$${cost}$${createHash('sha256').update(password).digest('hex')}`;
  return {
    randomBytes: (sizeBytes) => Uint8Array.from({ length: sizeBytes }, () => random.below(256)),
    hashPassword: async (password, cost) => Promise.resolve(digest(password, cost)),
    matchesPassword: async (password, hash) =>
      Promise.resolve(hash === digest(password, Number(hash.split('$')[1]))),
  };
}

import bcrypt from 'bcrypt';
import { randomBytes } from 'node:crypto';

/** What must not be guessed. Simulations have their own, which are cheap and repeatable. */
export interface Secrets {
  /** Bytes that nobody can foresee. */
  randomBytes(sizeBytes: number): Uint8Array;
  /** A slow hash of the password in its text form. `cost` is the logarithm of the work: 4 … 31. */
  hashPassword(password: string, cost: number): Promise<string>;
  /** Whether the hash is one of the password. As much work as hashing, whatever the answer. */
  matchesPassword(password: string, hash: string): Promise<boolean>;
}

/** bcrypt on Node's worker threads, and the system's random numbers. */
export function createNodeSecrets(): Secrets {
  return {
    randomBytes: (sizeBytes) => randomBytes(sizeBytes),
    hashPassword: (password, cost) => bcrypt.hash(password, cost),
    matchesPassword: (password, hash) => bcrypt.compare(password, hash),
  };
}

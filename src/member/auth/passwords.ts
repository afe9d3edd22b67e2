import { createGate, QuorateError } from '../../base/index.js';

import type { Secrets } from './secrets.js';

/** More than this bcrypt does not look at: a longer password would match every other one that begins like it. */
const passwordSizeBytesMax = 72;
/** The store uses Node's four worker threads too: it must find some free. */
const hashingsAtOnceMax = 2;
const hashingsWaitingMax = 256;
/** A hash of nothing, without its cost: what a user that does not exist is compared with. */
const nobodysHash = 'QuorateQuorateQuorateu7YJxvmN0q5ZJXWbqz4r8d1cT3pGhK6a';

/** The passwords of users, as bcrypt hashes. Errors: `too-many-requests` when too many wait to be hashed. */
export interface Passwords {
  /** Errors: `password-too-long` above 72 bytes. */
  hash(password: string): Promise<string>;
  /** `hash` null: there is no such password. That is found out as slowly as a wrong one. */
  matches(password: string, hash: string | null): Promise<boolean>;
}

export function createPasswords(secrets: Secrets, cost: number): Passwords {
  const gate = createGate({ atOnceMax: hashingsAtOnceMax, waitingMax: hashingsWaitingMax });
  const decoy = `$2b$${String(cost).padStart(2, '0')}$${nobodysHash}`;
  return {
    async hash(password) {
      if (Buffer.byteLength(password, 'utf8') > passwordSizeBytesMax)
        throw new QuorateError('password-too-long');
      return gate.run(() => secrets.hashPassword(password, cost));
    },
    async matches(password, hash) {
      const isMatch = await gate.run(() => secrets.matchesPassword(password, hash ?? decoy));
      return isMatch && hash !== null;
    },
  };
}

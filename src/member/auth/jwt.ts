import { jwtVerify, SignJWT } from 'jose';
import { QuorateError } from '../../base/index.js';
import type { Principal } from '../../mvcc/index.js';
import type { JwtSettings } from './config.js';

/** Tokens whose signature has been checked. When there are more the oldest goes. */
const verifiedMax = 10_000;

/** Tokens that say themselves whose they are, and from which revision of the users. The claims are etcd's. */
export interface JwtTokens {
  /** Errors: `invalid-configuration` without a private key. */
  sign(principal: Principal): Promise<string>;
  /** At once if it was verified before. Errors: `invalid-auth-token`. */
  verify(token: string): Principal | Promise<Principal>;
}

interface Verified {
  readonly principal: Principal;
  /** Null: never. */
  readonly expiresAtMs: number | null;
}

/** `wallMs` is the time on the wall, as other programs have it. */
export function createJwtTokens(settings: JwtSettings, wallMs: () => number): JwtTokens {
  const { signMethod, signKey, verifyKey, ttlSeconds } = settings;
  const verified = new Map<string, Verified>();

  async function verifyAnew(token: string): Promise<Principal> {
    const found = await readToken(token);
    if (verified.size >= verifiedMax) {
      for (const oldest of verified.keys()) {
        verified.delete(oldest);
        break;
      }
    }
    verified.set(token, found);
    return found.principal;
  }

  async function readToken(token: string): Promise<Verified> {
    try {
      const { payload } = await jwtVerify(token, verifyKey, {
        algorithms: [signMethod],
        currentDate: new Date(wallMs()),
      });
      const { username, revision, exp } = payload;
      if (typeof username !== 'string' || typeof revision !== 'number') throw new Error('claims are missing');
      const principal = { user: username, authRevision: Math.trunc(revision) };
      return { principal, expiresAtMs: exp === undefined ? null : exp * 1000 };
    } catch (error) {
      throw new QuorateError('invalid-auth-token', undefined, { cause: error });
    }
  }

  return {
    async sign({ user, authRevision }) {
      if (signKey === null) {
        throw new QuorateError(
          'invalid-configuration',
          'etcdserver: this member has no private key: it takes tokens and gives none',
        );
      }
      const expiresAtSeconds = Math.floor(wallMs() / 1000 + ttlSeconds);
      return new SignJWT({ username: user, revision: authRevision })
        .setProtectedHeader({ alg: signMethod, typ: 'JWT' })
        .setExpirationTime(expiresAtSeconds)
        .sign(signKey);
    },
    verify(token) {
      const known = verified.get(token);
      if (known === undefined) return verifyAnew(token);
      if (known.expiresAtMs === null || known.expiresAtMs > wallMs()) return known.principal;
      verified.delete(token);
      throw new QuorateError('invalid-auth-token');
    },
  };
}

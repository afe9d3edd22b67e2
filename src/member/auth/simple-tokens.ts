const letters = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';
const prefixLength = 16;
/** Tokens kept. When there are more the one that was not used for longest goes. */
const tokensMax = 50_000;

/** The simple tokens that this member takes, each for a while after its last use. */
export interface SimpleTokens {
  add(token: string, user: string): void;
  /** Whose token it is; from now on its time begins anew. */
  userOf(token: string): string | undefined;
  dropOf(user: string): void;
  dropAll(): void;
  readonly size: number;
}

interface Kept {
  readonly user: string;
  readonly expiresAtMs: number;
}

/** `nowMs` never goes back. */
export function createSimpleTokens(options: {
  readonly ttlMs: number;
  readonly nowMs: () => number;
  readonly sizeMax?: number;
}): SimpleTokens {
  const { ttlMs, nowMs, sizeMax = tokensMax } = options;
  /** In order of their last use, and so of their ends. */
  const kept = new Map<string, Kept>();

  function dropExpired(now: number): void {
    for (const [token, { expiresAtMs }] of kept) {
      if (expiresAtMs > now && kept.size < sizeMax) return;
      kept.delete(token);
    }
  }

  return {
    add(token, user) {
      const now = nowMs();
      kept.delete(token);
      dropExpired(now);
      kept.set(token, { user, expiresAtMs: now + ttlMs });
    },
    userOf(token) {
      const found = kept.get(token);
      if (found === undefined) return undefined;
      const now = nowMs();
      kept.delete(token);
      if (found.expiresAtMs <= now) return undefined;
      kept.set(token, { user: found.user, expiresAtMs: now + ttlMs });
      return found.user;
    },
    dropOf(user) {
      for (const [token, owner] of kept) if (owner.user === user) kept.delete(token);
    },
    dropAll: () => kept.clear(),
    get size() {
      return kept.size;
    },
  };
}

/** The part of a token that is chosen at random: 16 letters. */
export function createTokenPrefix(randomBytes: (sizeBytes: number) => Uint8Array): string {
  let prefix = '';
  while (prefix.length < prefixLength) {
    for (const byte of randomBytes(prefixLength)) {
      // Bytes above the last multiple of 52 would favour the first letters.
      if (byte < 4 * letters.length && prefix.length < prefixLength)
        prefix += letters.charAt(byte % letters.length);
    }
  }
  return prefix;
}

/** The log index in a token: who has applied it knows the token, if it is one. Null: it does not look like a token. */
export function indexOfToken(token: string): number | null {
  const digits = /^[^.]*\.(\d{1,16})$/.exec(token)?.[1];
  return digits === undefined ? null : Number(digits);
}

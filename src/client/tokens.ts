import { etcdserverpb } from '../gen/protos.js';
import { ClientError } from './errors.js';

/** A user of the store. */
export interface Credentials {
  readonly user: string;
  readonly password: string;
}

/** The token that goes with every request of a client that has a user. */
export interface Tokens {
  /** Undefined: the cluster asks for none. Throws ClientError `authentication-failed`, or what kept it from asking. */
  current(): Promise<string | undefined>;
  /** Whether a request with this token might succeed with a new one; `current` then fetches that. */
  isOutdated(error: unknown, token: string | undefined): boolean;
}

/** `ask` sends an encoded AuthenticateRequest, without a token. */
export function createTokens(
  { user, password }: Credentials,
  ask: (message: Uint8Array) => Promise<Uint8Array>,
): Tokens {
  let known: { readonly token: string | undefined } | undefined;
  let asking: Promise<string | undefined> | undefined;

  async function fetchToken(): Promise<string | undefined> {
    try {
      const message = etcdserverpb.AuthenticateRequest.encode({ name: user, password }).finish();
      const { token } = etcdserverpb.AuthenticateResponse.decode(await ask(message));
      known = { token };
    } catch (error) {
      if (!(error instanceof ClientError && error.code === 'auth-not-enabled')) throw error;
      known = { token: undefined };
    } finally {
      asking = undefined;
    }
    return known.token;
  }

  return {
    async current() {
      if (known !== undefined) return known.token;
      asking ??= fetchToken();
      return asking;
    },
    isOutdated(error, token) {
      if (!(error instanceof ClientError)) return false;
      const { code } = error;
      const isRefused = code === 'invalid-auth-token' || code === 'auth-revision-old';
      // Without a token: it was turned on since.
      const isMissed = token === undefined && (code === 'user-empty' || code === 'permission-denied');
      if (!isRefused && !isMissed) return false;
      if (known?.token === token) known = undefined;
      return true;
    },
  };
}

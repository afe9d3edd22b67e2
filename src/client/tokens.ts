import { etcdserverpb } from '../gen/protos.js';
import { ClientError } from './errors.js';
import type { Metadata } from './grpc.js';
import { pause } from './pause.js';

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

/** What holds for one call, whoever answers it. */
export interface Terms {
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
  readonly metadata: Metadata | undefined;
}

/** How often a request is sent with a new token before it fails: a member may be too slow to know the newest yet. */
const tokensMax = 3;

/** Gives `send` this call's terms with a token, and with a new one if that is refused. */
export async function sendAs<Result>(
  tokens: Tokens,
  { timeoutMs, signal }: Terms,
  send: (terms: Terms) => Promise<Result>,
): Promise<Result> {
  const deadlineMs = performance.now() + timeoutMs;
  const leftMs = () => Math.max(0, deadlineMs - performance.now());
  for (let attempt = 1; ; attempt++) {
    const token = await waitFor(tokens.current(), leftMs(), signal);
    try {
      return await send({ signal, timeoutMs: leftMs(), metadata: metadataOf(token) });
    } catch (error) {
      if (!tokens.isOutdated(error, token) || attempt >= tokensMax || leftMs() <= 0) throw error;
    }
  }
}

export function metadataOf(token: string | undefined): Metadata | undefined {
  return token === undefined ? undefined : { token };
}

/** For a token that several calls wait for: each only as long as it may. */
export async function waitFor<Result>(
  promise: Promise<Result>,
  timeoutMs: number,
  signal: AbortSignal | undefined,
): Promise<Result> {
  const giveUp = new AbortController();
  const patience = signal === undefined ? giveUp.signal : AbortSignal.any([giveUp.signal, signal]);
  const late = pause(timeoutMs, patience).then(() => {
    const isAborted = signal?.aborted === true;
    throw new ClientError(isAborted ? 'canceled' : 'timed-out', 'authenticate: no token in time', {
      cause: signal?.reason,
    });
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    late.catch(() => undefined);
    giveUp.abort();
  }
}

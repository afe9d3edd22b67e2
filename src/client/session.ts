import type { ClientHttp2Session, SecureClientSessionOptions } from 'node:http2';

/** What a TLS connection may need beyond the certificates that Node trusts. */
export type TlsOptions = Pick<
  SecureClientSessionOptions,
  'ca' | 'cert' | 'key' | 'passphrase' | 'servername' | 'rejectUnauthorized'
>;

interface Supervision {
  callStarted(): void;
  callEnded(): void;
  /** Something came from the server. */
  heard(): void;
}

const supervisions = new WeakMap<ClientHttp2Session, Supervision>();
const unsupervised: Supervision = { callStarted() {}, callEnded() {}, heard() {} };

/** How long a session with calls may stay silent before it is asked, and then to answer. etcd allows no more often. */
const silenceMs = 5000;

/**
 * Lets the process end while no call is under way, and destroys a session whose other end has fallen silent
 * (a machine without power says no goodbye), so that calls on it fail and new ones go elsewhere.
 */
export function superviseSession(session: ClientHttp2Session): void {
  let callCount = 0;
  let hasHeard = true;
  let waitsForPong = false;
  const timer = setInterval(check, silenceMs);
  timer.unref();
  session.unref();
  session.once('close', () => clearInterval(timer));
  supervisions.set(session, {
    callStarted() {
      if (callCount === 0) session.ref();
      callCount++;
    },
    callEnded() {
      callCount--;
      if (callCount === 0 && !session.destroyed) session.unref();
    },
    heard() {
      hasHeard = true;
    },
  });

  function check(): void {
    if (waitsForPong) {
      session.destroy(new Error(`no sign of life for ${2 * silenceMs} ms`));
    } else if (callCount > 0 && !hasHeard && !session.closed) {
      waitsForPong = true;
      session.ping(() => {
        waitsForPong = false;
      });
    }
    hasHeard = false;
  }
}

export function supervisionOf(session: ClientHttp2Session): Supervision {
  return supervisions.get(session) ?? unsupervised;
}

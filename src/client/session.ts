import type { ClientHttp2Session } from 'node:http2';

interface Supervision {
  callStarted(): void;
  callEnded(): void;
  /** Something came from the server. */
  heard(): void;
}

const supervisions = new WeakMap<ClientHttp2Session, Supervision>();
const unsupervised: Supervision = { callStarted() {}, callEnded() {}, heard() {} };

/** How long a session with calls may stay silent before it is asked, and then to answer. */
const silenceMs = 5000;
/** Servers of grpc-go throw out those who ask more than once in five seconds, even if it is by a timer's jitter. */
const betweenPingsMs = 7500;

/**
 * Lets the process end while no call is under way, and destroys a session whose other end has fallen silent
 * (a machine without power says no goodbye), so that calls on it fail and new ones go elsewhere.
 */
export function superviseSession(session: ClientHttp2Session): void {
  let callCount = 0;
  let hasHeard = true;
  let waitsForPong = false;
  let pingedAtMs = Number.NEGATIVE_INFINITY;
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
    } else if (callCount > 0 && !hasHeard && !session.closed && mayPing()) {
      waitsForPong = true;
      pingedAtMs = performance.now();
      session.ping(() => {
        waitsForPong = false;
      });
    }
    hasHeard = false;
  }

  function mayPing(): boolean {
    return performance.now() - pingedAtMs >= betweenPingsMs;
  }
}

export function supervisionOf(session: ClientHttp2Session): Supervision {
  return supervisions.get(session) ?? unsupervised;
}

import type { Http2Connection } from '../http2/index.js';

/** The HTTP/2 connections there are. */
export interface Sessions {
  add(session: Http2Connection): void;
  remove(session: Http2Connection): void;
  /** Takes no new calls on any of them; each ends with its last call. */
  close(): void;
}

/**
 * Pings each connection every so often, and ends one that has not answered by the next time: its client is gone without
 * a word.
 */
export function createSessions(keepaliveIntervalMs: number): Sessions {
  const sessions = new Set<Http2Connection>();
  const unanswered = new Set<Http2Connection>();
  let timer: NodeJS.Timeout | null = null;

  function remove(session: Http2Connection): void {
    sessions.delete(session);
    unanswered.delete(session);
    if (sessions.size > 0 || timer === null) return;
    clearInterval(timer);
    timer = null;
  }

  function pingAll(): void {
    for (const session of sessions) {
      if (unanswered.has(session)) {
        session.destroy();
        continue;
      }
      unanswered.add(session);
      session.ping(() => unanswered.delete(session));
    }
  }

  return {
    add(session) {
      sessions.add(session);
      timer ??= setInterval(pingAll, keepaliveIntervalMs);
    },
    remove,
    close() {
      for (const session of sessions) session.close();
    },
  };
}

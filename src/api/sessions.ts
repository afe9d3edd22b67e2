import type { ServerHttp2Session } from 'node:http2';

/** The HTTP/2 connections there are. */
export interface Sessions {
  add(session: ServerHttp2Session): void;
  /** Takes no new calls on any of them; each ends with its last call. */
  close(): void;
}

/**
 * Pings each connection every so often, and ends one that has not answered by the next time: its client is gone without
 * a word, or it broke the protocol, after which Node answers it no more and keeps it for good.
 */
export function createSessions(keepaliveIntervalMs: number): Sessions {
  const sessions = new Set<ServerHttp2Session>();
  const unanswered = new Set<ServerHttp2Session>();
  let timer: NodeJS.Timeout | null = null;

  function remove(session: ServerHttp2Session): void {
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
      session.once('close', () => remove(session));
      timer ??= setInterval(pingAll, keepaliveIntervalMs);
    },
    close() {
      for (const session of sessions) session.close();
    },
  };
}

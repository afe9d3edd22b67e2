import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { messageOf } from '../base/index.js';
import type { Member } from '../member/index.js';
import type { ApiLimits } from './limits.js';
import type { Metrics } from './metrics.js';
import { apiVersion, clusterApiVersion } from './version.js';

/** Serves what is asked for over HTTP/1.1 on the client port: `/health`, `/version` and `/metrics`. */
export interface HttpServer {
  /** Takes over a connection; its first bytes are still to be read. */
  accept(socket: Socket): void;
  /** Ends connections that have no request running, and the others after it. */
  drain(): void;
}

interface Answer {
  readonly status: number;
  /** Text as it is, anything else as JSON. */
  readonly body: string | Readonly<Record<string, string | number>>;
  readonly contentType?: string;
}

const requestSizeBytesMax = 64 * 1024;

export function createHttpServer(member: Member, metrics: Metrics, limits: ApiLimits): HttpServer {
  const idle = new Set<Socket>();
  let isClosing = false;
  const server = createServer({ maxHeaderSize: 16 * 1024, keepAlive: true }, (request, response) => {
    idle.delete(request.socket);
    response.once('close', () => {
      if (isClosing) request.socket.destroy();
      else if (!request.socket.destroyed) idle.add(request.socket);
    });
    request.resume(); // No path takes a body; what comes is read and forgotten, up to the connection's end.
    answerRequest(member, metrics, limits, request).then(
      (answer) => send(request, response, answer),
      (error: unknown) =>
        send(request, response, {
          status: 500,
          body: { error: messageOf(error), message: messageOf(error), code: 13 },
        }),
    );
  });
  server.on('clientError', (_error, socket) => {
    if (socket.writable) socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n');
  });
  return {
    accept(socket) {
      const bound = setTimeout(() => socket.destroy(), limits.httpConnectionTimeoutMs);
      idle.add(socket);
      socket.once('close', () => {
        clearTimeout(bound);
        idle.delete(socket);
      });
      server.emit('connection', socket);
    },
    drain() {
      isClosing = true;
      for (const socket of idle) socket.destroy();
    },
  };
}

async function answerRequest(
  member: Member,
  metrics: Metrics,
  limits: ApiLimits,
  request: IncomingMessage,
): Promise<Answer> {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://member');
  if (!paths.has(pathname)) return notFound;
  if (request.method !== 'GET') return methodNotAllowed;
  if (pathname === '/version') {
    return { status: 200, body: { etcdserver: apiVersion, etcdcluster: clusterApiVersion } };
  }
  if (pathname === '/metrics') {
    return { status: 200, body: await metrics.render(), contentType: metrics.contentType };
  }
  const reason = await whyUnhealthy(member, limits, searchParams.get('serializable') === 'true');
  const body = { health: reason === null ? 'true' : 'false', reason: reason ?? '' };
  return { status: reason === null ? 200 : 503, body };
}

const paths: ReadonlySet<string> = new Set(['/health', '/version', '/metrics']);
const notFound: Answer = { status: 404, body: { error: 'Not Found', message: 'Not Found', code: 5 } };
const methodNotAllowed: Answer = {
  status: 405,
  body: { error: 'Method Not Allowed', message: 'Method Not Allowed', code: 12 },
};

/** Null when all is well: a leader is known and this member can read, from the cluster or, if so asked, from itself. */
async function whyUnhealthy(
  member: Member,
  limits: ApiLimits,
  serializable: boolean,
): Promise<string | null> {
  if (member.leader === null) return 'RAFT NO LEADER';
  if (serializable) return null;
  try {
    await within(limits.healthTimeoutMs, member.linearizableBarrier());
    return null;
  } catch (error) {
    return `RANGE ERROR:${messageOf(error)}`;
  }
}

async function within(timeoutMs: number, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error('context deadline exceeded')), timeoutMs);
  });
  try {
    await Promise.race([work, tooLate]);
  } finally {
    clearTimeout(timer);
  }
}

function send(request: IncomingMessage, response: ServerResponse, answer: Answer): void {
  const { status, body, contentType = 'application/json' } = answer;
  const bytes = Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
  response.writeHead(status, {
    'content-type': contentType,
    'content-length': bytes.length,
    ...(status === 405 ? { allow: 'GET' } : {}),
    ...(Number(request.headers['content-length'] ?? 0) > requestSizeBytesMax ? { connection: 'close' } : {}),
  });
  response.end(bytes);
}

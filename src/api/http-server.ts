import { createServer } from 'node:http';
import type { Socket } from 'node:net';
import { messageOf } from '../base/index.js';
import type { Member } from '../member/index.js';
import type { Headers, Http2Stream } from '../http2/index.js';
import type { Gateway } from './gateway/index.js';
import { openExchange } from './http-exchange.js';
import type { HttpRequest, HttpResponse } from './http-exchange.js';
import { createHttpPages } from './http-pages.js';
import type { ApiLimits } from './limits.js';
import type { Metrics } from './metrics/index.js';
import type { UnreadAnswers } from './unread-answers.js';

/** Serves what is asked for over HTTP on the client port and is no gRPC: the JSON gateway, and the pages of http-pages.ts. */
export interface HttpServer {
  /** Takes over a connection that speaks HTTP/1.1; its first bytes are still to be read. */
  accept(socket: Socket): void;
  /** Takes a request over HTTP/2: what clients speak over TLS that know both. `onClosed`: when it is over. */
  take(stream: Http2Stream, headers: Headers, onClosed: () => void): void;
  /** Ends connections that have no request running, and the others after it. */
  drain(): void;
}

export interface HttpServerOptions {
  readonly member: Member;
  readonly metrics: Metrics;
  readonly gateway: Gateway;
  /** Answers that wait for their clients. */
  readonly answers: UnreadAnswers;
  readonly limits: ApiLimits;
  /** Web pages of these origins may send requests (`*`: of any). */
  readonly allowedOrigins: readonly string[];
}

/** So long a client that has its answer may go on sending the request. */
const lingerMs = 1000;

export function createHttpServer(options: HttpServerOptions): HttpServer {
  const { gateway, limits, allowedOrigins } = options;
  const pages = createHttpPages(options);
  /** Connections without a running request, with the timers that end them. */
  const idle = new Map<Socket, NodeJS.Timeout>();
  let isClosing = false;

  function rest(socket: Socket): void {
    if (socket.destroyed) return;
    clearTimeout(idle.get(socket));
    idle.set(
      socket,
      setTimeout(() => socket.destroy(), limits.httpIdleTimeoutMs),
    );
  }

  function wake(socket: Socket): void {
    clearTimeout(idle.get(socket));
    idle.delete(socket);
  }

  const server = createServer({ maxHeaderSize: 16 * 1024, keepAlive: true }, (request, response) => {
    const { socket } = request;
    wake(socket);
    // The request itself has to arrive in time; its answer may be a stream without an end.
    const tooLate = setTimeout(() => socket.destroy(), limits.httpRequestTimeoutMs);
    request.once('close', () => clearTimeout(tooLate));
    request.once('end', () => clearTimeout(tooLate));
    response.once('close', () => {
      if (isClosing) socket.destroy();
      else rest(socket);
    });
    response.once('finish', () => {
      if (request.complete) return;
      // Refused, most likely: what is still on its way is let go, but not for long.
      const lingering = setTimeout(() => socket.destroy(), lingerMs);
      request.once('end', () => clearTimeout(lingering));
    });
    answer(request, response);
  });
  server.on('clientError', (_error, socket) => {
    if (socket.writable) socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n');
  });

  function answer(request: HttpRequest, response: HttpResponse): void {
    const path = request.url ?? '/';
    if (!URL.canParse(path, base)) {
      sendError(response, 400, 'the request names no path');
      return;
    }
    const url = new URL(path, base);
    const { origin } = request.headers;
    if (origin !== undefined && !allowOrigin(origin, allowedOrigins, response)) {
      sendError(response, 403, `requests of web pages of ${origin} are not allowed: see --cors`);
      return;
    }
    if (request.method === 'OPTIONS' && origin !== undefined) {
      response.writeHead(204).end();
      return;
    }
    if (gateway.serves(url.pathname)) {
      gateway.handle(url.pathname, request, response);
      return;
    }
    request.resume(); // No page takes a body; what comes is read and forgotten.
    pages.answer(url, request, response).catch((error: unknown) => {
      sendError(response, 500, messageOf(error));
    });
  }

  return {
    accept(socket) {
      rest(socket);
      socket.once('close', () => wake(socket));
      server.emit('connection', socket);
    },
    take(stream, headers, onClosed) {
      const { request, response } = openExchange(stream, headers, {
        timeoutMs: limits.httpRequestTimeoutMs,
        onClosed,
      });
      answer(request, response);
    },
    drain() {
      isClosing = true;
      gateway.close();
      for (const socket of idle.keys()) socket.destroy();
    },
  };
}

/** What the path of a request is relative to. */
const base = 'http://member';

/**
 * A browser sends JSON to this machine for any page that it shows, without asking: so a request that says it comes from a
 * page is refused unless that page's origin is allowed. etcd allows all by default.
 */
function allowOrigin(origin: string, allowed: readonly string[], response: HttpResponse): boolean {
  if (!allowed.includes('*') && !allowed.includes(origin)) return false;
  response.setHeader('access-control-allow-origin', allowed.includes('*') ? '*' : origin);
  response.setHeader('access-control-allow-methods', 'POST, GET, OPTIONS, PUT, DELETE');
  response.setHeader('access-control-allow-headers', 'accept, content-type, authorization');
  return true;
}

function sendError(response: HttpResponse, httpStatus: number, message: string): void {
  if (response.headersSent || response.destroyed) return;
  const code = httpStatus === 403 ? 7 : httpStatus === 400 ? 3 : 13;
  const body = Buffer.from(JSON.stringify({ error: message, message, code }));
  response.writeHead(httpStatus, { 'content-type': 'application/json', 'content-length': body.length });
  response.end(body);
}

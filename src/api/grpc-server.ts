import { status } from '@grpc/grpc-js';
import { performServerHandshake } from 'node:http2';
import type { IncomingHttpHeaders, ServerHttp2Session, ServerHttp2Stream } from 'node:http2';
import type { Socket } from 'node:net';
import { QuorateError } from '../base/index.js';
import { createConnectionContexts } from './call-context.js';
import { createDeadlines, parseGrpcTimeout } from './deadlines.js';
import type { Deadline } from './deadlines.js';
import { GrpcError, statusOf } from './errors.js';
import { answerOnce, isOver, refuse, refuseHttp, unimplemented } from './grpc-end.js';
import type { LeaderlessStreams } from './leaderless.js';
import type { ApiLimits } from './limits.js';
import { createMessageReader } from './message-reader.js';
import type { PartialMessages } from './message-reader.js';
import type { CallContext, Method, StreamMethod, UnaryMethod } from './method.js';
import { createSessions } from './sessions.js';
import { runStreamCall } from './stream-call.js';
import type { RunningCall } from './stream-call.js';

/**
 * Serves methods over connections that speak HTTP/2: the server's half of gRPC, on Node's own HTTP/2. A call costs a
 * fifth to a third less processor time than through @grpc/grpc-js, and calls are most of what a member does; peers and
 * clients use the library.
 */
export interface GrpcServer {
  /**
   * Takes over a connection; its first bytes are still to be read. `commonName`: of the client's certificate, if it
   * showed one that was verified.
   */
  accept(socket: Socket, commonName: string | null): void;
  /** Takes no new calls, on connections that are there either; those that run may end, those that wait are told. */
  drain(): void;
}

export interface GrpcServerOptions {
  readonly methods: readonly Method[];
  readonly limits: ApiLimits;
  /** Whoever insists on a leader is cut by it when there is none. */
  readonly leaderless: LeaderlessStreams;
  /** Every failure of a call, before it is answered. */
  readonly onFailure: (path: string, thrown: unknown) => void;
}

const deadlineWheel = { tickMs: 10, slotCount: 1024 };
/** For methods that never look at it: making one takes as long as a twentieth of a whole call. */
const neverAborted = new AbortController().signal;

export function createGrpcServer(options: GrpcServerOptions): GrpcServer {
  const { methods, limits, leaderless, onFailure } = options;
  const methodsByPath = new Map(methods.map((method) => [method.path, method]));
  const services = new Set(methods.map(({ path }) => path.slice(1, path.lastIndexOf('/'))));
  const partial: PartialMessages = { sizeBytes: 0, sizeBytesMax: limits.partialMessagesSizeBytesMax };
  const sessions = createSessions(limits.keepaliveIntervalMs);
  const deadlines = createDeadlines(deadlineWheel);
  /** Those that can be told to end. */
  const running = new Set<RunningCall>();
  let isClosing = false;

  function accept(socket: Socket, commonName: string | null): void {
    const session = performServerHandshake(socket, {
      maxSessionMemory: limits.sessionMemoryMebibytesMax,
      settings: {
        maxConcurrentStreams: limits.streamsPerConnectionMax,
        initialWindowSize: limits.streamWindowSizeBytes,
      },
    });
    session.on('error', ignore); // Its 'close' follows.
    session.setLocalWindowSize(limits.connectionWindowSizeBytes);
    sessions.add(session);
    takeCalls(session, commonName);
    if (isClosing) session.close();
  }

  function takeCalls(session: ServerHttp2Session, commonName: string | null): void {
    const contexts = createConnectionContexts(commonName);
    session.on('stream', (stream, headers) => {
      stream.on('error', ignore); // Its 'close' follows; there is nobody left to tell.
      const method = methodOf(stream, headers);
      if (method === null) return;
      const timeout = headers['grpc-timeout'];
      const timeoutMs = timeout === undefined ? null : parseGrpcTimeout(String(timeout));
      if (timeout !== undefined && timeoutMs === null) {
        refuse(stream, { code: status.INTERNAL, message: 'malformed grpc-timeout' });
        return;
      }
      const context = contexts.of(headers);
      if (method.type === 'unary') runUnary(stream, method, context, timeoutMs);
      else runStream(stream, method, context, timeoutMs);
    });
  }

  /** Null when the call has been answered already. */
  function methodOf(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): Method | null {
    if (headers['content-type']?.startsWith('application/grpc') !== true) {
      refuseHttp(stream, 415);
      return null;
    }
    const path = headers[':path'] ?? '';
    const method = methodsByPath.get(path);
    if (method !== undefined && !isClosing) return method;
    const refusal = method === undefined ? unimplemented(path, services) : new QuorateError('stopped');
    refuse(stream, statusOf(refusal));
    return null;
  }

  function runUnary(
    stream: ServerHttp2Stream,
    method: UnaryMethod,
    context: CallContext,
    timeoutMs: number | null,
  ): void {
    const reader = createMessageReader(partial, limits.messageSizeBytesMax);
    const abort = method.usesSignal === true ? new AbortController() : null;
    const call = abort === null ? null : unaryCall(stream, abort);
    const deadline = timeoutMs === null ? null : deadlines.add(timeoutMs, () => expireUnary(stream, call));
    if (call !== null) running.add(call);
    let isWhole = false;
    stream.on('data', (chunk: Buffer) => {
      if (isWhole) return;
      try {
        reader.push(chunk);
        const request = reader.next();
        if (request === null) return;
        isWhole = true;
        answerUnary(stream, method, request, context, abort?.signal ?? neverAborted);
      } catch (error) {
        isWhole = true;
        reader.release();
        refuse(stream, statusOf(error));
      }
    });
    stream.once('end', () => {
      if (!isWhole) refuse(stream, { code: status.INTERNAL, message: 'the call ended before its message' });
    });
    stream.once('close', () => {
      reader.release();
      if (deadline !== null) deadlines.remove(deadline);
      if (call === null) return;
      running.delete(call);
      call.abort(new QuorateError('canceled'));
    });
  }

  function answerUnary(
    stream: ServerHttp2Stream,
    method: UnaryMethod,
    request: Buffer,
    context: CallContext,
    signal: AbortSignal,
  ): void {
    method.handle(request, context, signal).then(
      (answer) => answerOnce(stream, answer),
      (error: unknown) => {
        onFailure(method.path, error);
        refuse(stream, statusOf(error));
      },
    );
  }

  function runStream(
    stream: ServerHttp2Stream,
    method: StreamMethod,
    context: CallContext,
    timeoutMs: number | null,
  ): void {
    const reader = createMessageReader(partial, limits.messageSizeBytesMax);
    const call = runStreamCall({
      ...{ stream, method, context, reader, onFailure },
      sendBufferSizeBytes: limits.sendBufferSizeBytes,
      sendBufferSizeBytesMax: limits.sendBufferSizeBytesMax,
    });
    const deadline: Deadline | null =
      timeoutMs === null ? null : deadlines.add(timeoutMs, () => call.expire(deadlineExceeded()));
    const forget = context.requiresLeader ? leaderless.add((reason) => call.abort(reason)) : null;
    running.add(call);
    stream.once('close', () => {
      running.delete(call);
      reader.release();
      forget?.();
      if (deadline !== null) deadlines.remove(deadline);
    });
  }

  return {
    accept,
    drain() {
      isClosing = true;
      for (const call of [...running]) call.abort(new QuorateError('stopped'));
      sessions.close();
    },
  };
}

function unaryCall(stream: ServerHttp2Stream, controller: AbortController): RunningCall {
  return {
    abort(reason) {
      if (!controller.signal.aborted) controller.abort(reason);
    },
    expire(reason) {
      refuse(stream, statusOf(reason));
      this.abort(reason);
    },
  };
}

function expireUnary(stream: ServerHttp2Stream, call: RunningCall | null): void {
  if (isOver(stream) || stream.headersSent) return;
  if (call === null) refuse(stream, statusOf(deadlineExceeded()));
  else call.expire(deadlineExceeded());
}

function deadlineExceeded(): GrpcError {
  return new GrpcError(status.DEADLINE_EXCEEDED, 'context deadline exceeded');
}

function ignore(): void {
  // On purpose.
}

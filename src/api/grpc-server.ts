import { status } from '@grpc/grpc-js';
import type { Socket } from 'node:net';
import { QuorateError } from '../base/index.js';
import { createHttp2Connection, errorCodes } from '../http2/index.js';
import type { Headers, Http2Stream } from '../http2/index.js';
import type { Answer } from './answer.js';
import { createCallCounter } from './call-counter.js';
import type { ConnectionCalls } from './call-counter.js';
import { createConnectionContexts } from './call-context.js';
import type { ConnectionContexts } from './call-context.js';
import { createDeadlines, parseGrpcTimeout } from './deadlines.js';
import type { Deadline } from './deadlines.js';
import { GrpcError, messageTooLate, statusOf } from './errors.js';
import { answerOnce, refuse, refuseHttp, unimplemented } from './grpc-end.js';
import type { LeaderlessStreams } from './leaderless.js';
import type { ApiLimits } from './limits.js';
import { createMessageReader, createPartialMessages } from './message-reader.js';
import type { PartialMessages } from './message-reader.js';
import type { CallContext, Method, StreamMethod, UnaryMethod } from './method.js';
import { createSessions } from './sessions.js';
import { runStreamCall } from './stream-call.js';
import type { RunningCall } from './stream-call.js';
import type { UnreadAnswers } from './unread-answers.js';

/**
 * Serves methods over connections that speak HTTP/2: the server's half of gRPC, on our own half of HTTP/2
 * (docs/decisions/0003). Calls are most of what a member does; peers use @grpc/grpc-js.
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
  /** Answers of calls that have one, while their clients do not take them. */
  readonly answers: UnreadAnswers;
  /** Takes what is asked for over HTTP/2 and is no gRPC; `onClosed` is called when it is over. */
  readonly onHttp: (stream: Http2Stream, headers: Headers, onClosed: () => void) => void;
  /** Every failure of a call, before it is answered. */
  readonly onFailure: (path: string, thrown: unknown) => void;
}

/** What the calls of one connection share. */
interface ClientConnection {
  readonly contexts: ConnectionContexts;
  readonly calls: ConnectionCalls;
  readonly partial: PartialMessages;
}

const deadlineWheel = { tickMs: 10, slotCount: 1024 };
/** For methods that never look at it: making one takes as long as a twentieth of a whole call. */
const neverAborted = new AbortController().signal;

export function createGrpcServer(options: GrpcServerOptions): GrpcServer {
  const { methods, limits, leaderless, answers, onHttp, onFailure } = options;
  const methodsByPath = new Map(methods.map((method) => [method.path, method]));
  const services = new Set(methods.map(({ path }) => path.slice(1, path.lastIndexOf('/'))));
  const partialOfAll = createPartialMessages(limits.partialMessagesSizeBytesMax);
  const calls = createCallCounter(limits);
  const sessions = createSessions(limits.keepaliveIntervalMs);
  const deadlines = createDeadlines(deadlineWheel);
  const http2Limits = {
    streamsMax: limits.streamsPerConnectionMax,
    streamWindowSizeBytes: limits.streamWindowSizeBytes,
    connectionWindowSizeBytes: limits.connectionWindowSizeBytes,
    headersSizeBytesMax: limits.headersSizeBytesMax,
  };
  /** Those that can be told to end. */
  const running = new Set<RunningCall>();
  let isClosing = false;

  function accept(socket: Socket, commonName: string | null): void {
    const client: ClientConnection = {
      contexts: createConnectionContexts(commonName),
      calls: calls.ofConnection(),
      partial: createPartialMessages(limits.partialMessagesPerConnectionSizeBytesMax, partialOfAll),
    };
    const connection = createHttp2Connection(socket, http2Limits, {
      onStream: (stream, headers) => takeCall(stream, headers, client),
      onClose: () => sessions.remove(connection),
      onError: (thrown) => onFailure('', thrown),
    });
    sessions.add(connection);
    if (isClosing) connection.close();
  }

  function takeCall(stream: Http2Stream, headers: Headers, client: ClientConnection): void {
    const method = methodOf(stream, headers, client);
    if (method === null) return;
    const timeout = headers.get('grpc-timeout');
    const timeoutMs = timeout === undefined ? null : parseGrpcTimeout(timeout);
    if (timeout !== undefined && timeoutMs === null) {
      refuse(stream, { code: status.INTERNAL, message: 'malformed grpc-timeout' });
      return;
    }
    if (!client.calls.begin()) {
      refuse(stream, statusOf(new QuorateError('too-many-requests')));
      return;
    }
    const context = client.contexts.of(headers);
    if (method.type === 'unary') runUnary(stream, method, context, timeoutMs, client);
    else runStream(stream, method, context, timeoutMs, client);
  }

  /** Null when the call has been answered already. */
  function methodOf(stream: Http2Stream, headers: Headers, client: ClientConnection): Method | null {
    const path = headers.get(':path') ?? '';
    const method = methodsByPath.get(path);
    if (!isGrpc(headers.get('content-type'))) {
      if (method !== undefined) refuseHttp(stream, 415);
      else takeHttp(stream, headers, client);
      return null;
    }
    if (headers.get(':method') !== 'POST') {
      refuseHttp(stream, 405);
      return null;
    }
    if (method !== undefined && !isClosing) return method;
    const refusal = method === undefined ? unimplemented(path, services) : new QuorateError('stopped');
    refuse(stream, statusOf(refusal));
    return null;
  }

  /** A request over HTTP is a call like others, to all that is bounded. */
  function takeHttp(stream: Http2Stream, headers: Headers, client: ClientConnection): void {
    if (client.calls.begin()) onHttp(stream, headers, () => client.calls.end());
    else refuseHttp(stream, 503);
  }

  function runUnary(
    stream: Http2Stream,
    method: UnaryMethod,
    context: CallContext,
    timeoutMs: number | null,
    client: ClientConnection,
  ): void {
    const reader = createMessageReader(client.partial, limits.messageSizeBytesMax);
    let forgetAnswer = ignore;
    const abort = method.usesSignal === true ? new AbortController() : null;
    const call = abort === null ? null : unaryCall(stream, abort);
    const deadline = timeoutMs === null ? null : deadlines.add(timeoutMs, () => expireUnary(stream, call));
    if (call !== null) running.add(call);
    let isWhole = false;
    const late = deadlines.add(limits.messageTimeoutMs, () =>
      endRequest(messageTooLate(limits.messageTimeoutMs)),
    );
    stream.receive({
      onData(chunk) {
        stream.consumed(chunk.length);
        if (isWhole) return;
        try {
          reader.push(chunk);
          const request = reader.next();
          if (request === null) return;
          isWhole = true;
          deadlines.remove(late);
          method.handle(request, context, abort?.signal ?? neverAborted, isWanted).then(answer, fail);
        } catch (error) {
          endRequest(error);
        }
      },
      onEnd() {
        if (!isWhole) refuse(stream, endedEarly);
      },
      onRoom: ignore,
      onClose() {
        client.calls.end();
        reader.release();
        forgetAnswer();
        deadlines.remove(late);
        if (deadline !== null) deadlines.remove(deadline);
        if (call === null) return;
        running.delete(call);
        call.abort(new QuorateError('canceled'));
      },
    });
    if (stream.hasEnded) refuse(stream, endedEarly);

    function endRequest(error: unknown): void {
      isWhole = true;
      reader.release();
      refuse(stream, statusOf(error));
    }

    function isWanted(): boolean {
      return !stream.isClosed && !stream.hasBegun;
    }

    function answer(message: Answer): void {
      answerOnce(stream, message);
      if (stream.waitingSizeBytes === 0 || stream.isClosed) return;
      const forget = answers.admit(stream.waitingSizeBytes, () => stream.reset(errorCodes.enhanceYourCalm));
      if (forget === null) stream.reset(errorCodes.enhanceYourCalm);
      else forgetAnswer = forget;
    }

    function fail(error: unknown): void {
      onFailure(method.path, error);
      refuse(stream, statusOf(error));
    }
  }

  function runStream(
    stream: Http2Stream,
    method: StreamMethod,
    context: CallContext,
    timeoutMs: number | null,
    client: ClientConnection,
  ): void {
    const reader = createMessageReader(client.partial, limits.messageSizeBytesMax);
    const call = runStreamCall({
      ...{ stream, method, context, reader, deadlines, onFailure },
      messageTimeoutMs: limits.messageTimeoutMs,
      sendBufferSizeBytes: limits.sendBufferSizeBytes,
      sendBufferSizeBytesMax: limits.sendBufferSizeBytesMax,
    });
    const deadline: Deadline | null =
      timeoutMs === null ? null : deadlines.add(timeoutMs, () => call.expire(deadlineExceeded()));
    const forget = context.requiresLeader ? leaderless.add((reason) => call.abort(reason)) : null;
    running.add(call);
    call.onClosed(() => {
      client.calls.end();
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

function unaryCall(stream: Http2Stream, controller: AbortController): RunningCall {
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

function expireUnary(stream: Http2Stream, call: RunningCall | null): void {
  if (stream.isClosed || stream.hasBegun) return;
  if (call === null) refuse(stream, statusOf(deadlineExceeded()));
  else call.expire(deadlineExceeded());
}

/** `application/grpc`, with or without what it is encoded in or other parameters; not what only begins like it. */
function isGrpc(contentType: string | undefined): boolean {
  if (contentType === undefined || !contentType.startsWith(grpcContentType)) return false;
  const next = contentType.charAt(grpcContentType.length);
  return next === '' || next === '+' || next === ';';
}

const grpcContentType = 'application/grpc';
const endedEarly = { code: status.INTERNAL, message: 'the call ended before its message' };

function deadlineExceeded(): GrpcError {
  return new GrpcError(status.DEADLINE_EXCEEDED, 'context deadline exceeded');
}

function ignore(): void {
  // On purpose.
}

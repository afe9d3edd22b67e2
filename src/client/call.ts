import http2 from 'node:http2';
import type { ClientHttp2Session, ClientHttp2Stream, IncomingHttpHeaders } from 'node:http2';

import { grpcStatus } from './errors.js';
import { frameMessage, messageOfFrame, requestHeaders, statusOf, statusOfHttp } from './grpc.js';
import type { GrpcStatus, Metadata } from './grpc.js';
import { supervisionOf } from './session.js';

/** One unary gRPC call to one member. */
export interface WireCall {
  /** For example `/etcdserverpb.KV/Put`. */
  readonly path: string;
  readonly message: Uint8Array;
  readonly metadata: Metadata | undefined;
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
}

/** `sent: false` promises that no server has acted on the call, or ever will. */
export type CallOutcome =
  | { readonly type: 'answer'; readonly message: Buffer }
  /** The server said no. */
  | { readonly type: 'status'; readonly status: number; readonly message: string }
  | { readonly type: 'timeout'; readonly sent: boolean }
  | { readonly type: 'aborted'; readonly sent: boolean }
  /** The way to the server broke. */
  | BrokenCall;

export interface BrokenCall {
  readonly type: 'broken';
  readonly sent: boolean;
  readonly message: string;
  readonly cause: unknown;
}

/** Larger answers are refused. Above 43 pages' worth of the largest values that a member takes by default. */
export const answerSizeBytesMax = 64 * 1024 * 1024;

/** Never rejects. */
export function callOn(session: ClientHttp2Session, call: WireCall): Promise<CallOutcome> {
  const { signal } = call;
  if (signal?.aborted === true) return Promise.resolve({ type: 'aborted', sent: false });
  return new Promise((resolve) => {
    let stream: ClientHttp2Stream;
    try {
      stream = session.request(requestHeaders(call.path, call.metadata));
    } catch (cause) {
      resolve({ type: 'broken', sent: false, message: 'the connection was closing', cause });
      return;
    }
    const supervision = supervisionOf(session);
    supervision.callStarted();
    const timer = setTimeout(() => giveUp({ type: 'timeout', sent: true }), call.timeoutMs);
    const onAbort = () => giveUp({ type: 'aborted', sent: true });
    signal?.addEventListener('abort', onAbort);
    let isSettled = false;
    let failure: unknown;
    let status: GrpcStatus | undefined;
    const chunks: Buffer[] = [];
    let sizeBytes = 0;

    stream.on('response', (headers) => {
      supervision.heard();
      status = statusOf(headers) ?? statusOfHttp(headers[':status']);
    });
    stream.on('data', (chunk: Buffer) => {
      supervision.heard();
      sizeBytes += chunk.length;
      if (sizeBytes <= answerSizeBytesMax) chunks.push(chunk);
      else giveUp({ type: 'status', status: grpcStatus.resourceExhausted, message: tooLarge });
    });
    stream.on('trailers', (headers: IncomingHttpHeaders) => {
      status ??= statusOf(headers);
    });
    stream.on('end', () => {
      if (status !== undefined) settle(outcomeOf(status, chunks));
    });
    stream.on('error', (error) => {
      failure = error;
    });
    stream.on('close', () => {
      settle(status === undefined ? brokenOf(stream, failure) : outcomeOf(status, chunks));
    });
    stream.end(frameMessage(call.message));

    function giveUp(outcome: CallOutcome): void {
      settle(outcome);
      stream.close(http2.constants.NGHTTP2_CANCEL);
    }

    function settle(outcome: CallOutcome): void {
      if (isSettled) return;
      isSettled = true;
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      supervision.callEnded();
      resolve(outcome);
    }
  });
}

/** The client's own limit; scans ask for less at a time and try again. */
export const tooLarge = `the answer is larger than ${answerSizeBytesMax / 1024 / 1024} MiB`;

function outcomeOf(status: GrpcStatus, chunks: readonly Buffer[]): CallOutcome {
  if (status.status !== grpcStatus.ok) return { type: 'status', ...status };
  const [first] = chunks;
  const message = messageOfFrame(chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks));
  if (message !== undefined) return { type: 'answer', message };
  return { type: 'broken', sent: true, message: 'the answer is not one whole message', cause: undefined };
}

/** A refused stream, HTTP/2 promises, was not processed at all; whatever else broke may have been. */
export function brokenOf(stream: ClientHttp2Stream, cause: unknown): BrokenCall {
  const isRefused = stream.rstCode === http2.constants.NGHTTP2_REFUSED_STREAM;
  const message = isRefused ? 'the server refused the stream' : 'the connection was lost';
  return { type: 'broken', sent: !isRefused, message, cause };
}

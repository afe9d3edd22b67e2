import http2 from 'node:http2';
import type { ClientHttp2Session, ClientHttp2Stream, IncomingHttpHeaders } from 'node:http2';

import { answerSizeBytesMax, brokenOf, tooLarge } from './call.js';
import type { CallOutcome } from './call.js';
import { grpcStatus } from './errors.js';
import type { ClientError } from './errors.js';
import { createFrameReader } from './frames.js';
import { frameMessage, requestHeaders, statusOf, statusOfHttp } from './grpc.js';
import type { GrpcStatus, Metadata } from './grpc.js';
import { supervisionOf } from './session.js';

/** A gRPC call with any number of messages either way, on one member. */
export interface WireStream {
  /** The member's, `host:port`. */
  readonly endpoint: string;
  /**
   * What the member sends, in order, for one reader. Ends when the member ends the stream well, and throws a
   * ClientError otherwise. Whoever stops reading stops the member in time; leaving the loop cancels the stream.
   */
  readonly messages: AsyncIterable<Buffer>;
  /** False: hold back until `drained`. On a stream that is over nothing happens: `messages` says why. */
  send(message: Uint8Array): boolean;
  /** Resolves when more may be sent, or the stream is over. */
  drained(): Promise<void>;
  /** Nothing more will be sent; the member may go on. */
  end(): void;
  /** Ends both ways; `messages` throws `canceled`. */
  cancel(): void;
  /** Likewise for a member that does not keep its side: `messages` throws `unavailable`, and other members come next. */
  abandon(reason: string): void;
}

export type StreamFailure = Exclude<CallOutcome, { readonly type: 'answer' | 'timeout' }>;

export interface StreamCall {
  readonly path: string;
  readonly metadata: Metadata | undefined;
  readonly signal: AbortSignal | undefined;
  /** What `messages` throws. Called once. */
  readonly errorOf: (failure: StreamFailure) => ClientError;
}

export type OpenedStream =
  | { readonly ok: true; readonly stream: WireStream }
  | { readonly ok: false; readonly failure: StreamFailure };

export function openStreamOn(
  session: ClientHttp2Session,
  endpoint: string,
  { path, metadata, signal, errorOf }: StreamCall,
): OpenedStream {
  if (signal?.aborted === true) return { ok: false, failure: { type: 'aborted', sent: false } };
  let stream: ClientHttp2Stream;
  try {
    stream = session.request(requestHeaders(path, metadata));
  } catch (cause) {
    return {
      ok: false,
      failure: { type: 'broken', sent: false, message: 'the connection was closing', cause },
    };
  }
  const supervision = supervisionOf(session);
  supervision.callStarted();
  let status: GrpcStatus | undefined;
  /** Why this side ended it. */
  let ending: StreamFailure | undefined;
  let cause: unknown;

  stream.on('response', (headers) => {
    status = statusOf(headers) ?? statusOfHttp(headers[':status']);
  });
  stream.on('trailers', (headers: IncomingHttpHeaders) => {
    status ??= statusOf(headers);
  });
  stream.on('error', (error) => {
    cause = error;
  });
  const onAbort = () => endWith({ type: 'aborted', sent: true });
  signal?.addEventListener('abort', onAbort);
  stream.on('close', () => {
    signal?.removeEventListener('abort', onAbort);
    supervision.callEnded();
  });

  function endWith(failure: StreamFailure): void {
    ending ??= failure;
    stream.close(http2.constants.NGHTTP2_CANCEL);
    // What the reader has not taken yet is of no use any more.
    stream.destroy();
  }

  async function* messages(): AsyncGenerator<Buffer, void, undefined> {
    const reader = createFrameReader(answerSizeBytesMax);
    let isOver = false;
    try {
      try {
        for await (const chunk of stream as AsyncIterable<Buffer>) {
          supervision.heard();
          reader.push(chunk);
          for (
            let frame = reader.next();
            frame !== undefined && ending === undefined;
            frame = reader.next()
          ) {
            if (frame.ok) yield frame.message;
            else endWith(unreadable(frame.reason));
          }
        }
      } catch (error) {
        cause ??= error;
      }
      isOver = true;
    } finally {
      if (!isOver) endWith({ type: 'aborted', sent: true });
    }
    const failure = failureOf();
    if (failure !== undefined) throw errorOf(failure);
  }

  function failureOf(): StreamFailure | undefined {
    if (status?.status === grpcStatus.ok) return undefined;
    if (status !== undefined) return { type: 'status', ...status };
    return ending ?? brokenOf(stream, cause);
  }

  const wire: WireStream = {
    endpoint,
    messages: { [Symbol.asyncIterator]: messages },
    send: (message) => stream.writable && stream.write(frameMessage(message)),
    drained() {
      if (!stream.writable || !stream.writableNeedDrain) return Promise.resolve();
      return new Promise((resolve) => {
        const done = () => {
          stream.off('drain', done);
          stream.off('close', done);
          resolve();
        };
        stream.on('drain', done);
        stream.on('close', done);
      });
    },
    end: () => void stream.end(),
    cancel: () => endWith({ type: 'aborted', sent: true }),
    abandon: (reason) => endWith({ type: 'broken', sent: true, message: reason, cause: undefined }),
  };
  return { ok: true, stream: wire };
}

function unreadable(reason: 'compressed' | 'too-large'): StreamFailure {
  if (reason === 'too-large')
    return { type: 'status', status: grpcStatus.resourceExhausted, message: tooLarge };
  return { type: 'broken', sent: true, message: 'the member compresses, unasked', cause: undefined };
}

import { status } from '@grpc/grpc-js';
import { GrpcError, statusOf } from '../errors.js';
import type { HttpResponse } from '../http-exchange.js';
import type { CallContext, CallStream, StreamMethod } from '../method.js';
import { httpStatusOf } from './http-codes.js';

export interface HttpStreamCall {
  readonly method: StreamMethod;
  readonly context: CallContext;
  readonly response: HttpResponse;
  /** The requests of the body, encoded as protobuf. */
  readonly requests: AsyncIterable<Buffer>;
  readonly toJson: (answer: Buffer) => unknown;
  /** Fires when the client has gone or the server closes. */
  readonly signal: AbortSignal;
  /** With this much waiting, the client is not reading: what produces the answers has to wait for it. */
  readonly sendBufferSizeBytes: number;
  readonly onFailure: (path: string, thrown: unknown) => void;
}

/** Runs a method with many answers: each is a line `{"result": …}`; an error after the first is a line `{"error": …}`. */
export async function runHttpStream(call: HttpStreamCall): Promise<void> {
  const { method, context, response, requests, toJson, signal, sendBufferSizeBytes, onFailure } = call;
  const stream: CallStream = {
    context,
    requests,
    signal,
    send(answer) {
      if (response.destroyed || response.writableEnded) return false;
      begin(response);
      response.write(`${JSON.stringify({ result: toJson(answer) })}\n`);
      return response.writableLength < sendBufferSizeBytes;
    },
    async drained() {
      if (response.destroyed || response.writableLength < sendBufferSizeBytes || signal.aborted) return;
      await new Promise<void>((resolve) => {
        const done = (): void => {
          response.off('drain', done);
          response.off('close', done);
          signal.removeEventListener('abort', done);
          resolve();
        };
        response.on('drain', done);
        response.on('close', done);
        signal.addEventListener('abort', done);
      });
    },
  };
  try {
    await method.handle(stream);
    if (response.destroyed) return;
    begin(response);
    response.end();
  } catch (error) {
    if (signal.aborted) {
      response.destroy();
      return;
    }
    onFailure(method.path, error);
    const { code, message } = statusOf(error);
    if (!response.headersSent) throw new GrpcError(code, message);
    response.end(`${JSON.stringify({ error: errorLine(code, message) })}\n`);
  }
}

function begin(response: HttpResponse): void {
  if (!response.headersSent) response.writeHead(200, { 'content-type': 'application/json' });
}

function errorLine(code: status, message: string): Record<string, string | number> {
  return { grpc_code: code, http_code: httpStatusOf(code), message, http_status: status[code] };
}

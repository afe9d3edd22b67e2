import { status } from '@grpc/grpc-js';
import { constants } from 'node:http2';
import type { ServerHttp2Stream } from 'node:http2';
import { GrpcError } from './errors.js';
import type { GrpcStatus } from './errors.js';
import { frameMessage } from './message-reader.js';

/** How calls end on the wire. All of it does nothing to a call that has ended already. */

const answerHeaders = { ':status': 200, 'content-type': 'application/grpc' };
const answerOptions = { waitForTrailers: true, sendDate: false };
const statusOnlyOptions = { endStream: true, sendDate: false };
const successTrailers = { 'grpc-status': '0' };

export function isOver(stream: ServerHttp2Stream): boolean {
  return stream.destroyed || stream.closed;
}

/** The one answer of a call and its success. */
export function answerOnce(stream: ServerHttp2Stream, answer: Buffer): void {
  if (isOver(stream) || stream.headersSent) return;
  stream.respond(answerHeaders, answerOptions);
  stream.on('wantTrailers', sendSuccess);
  stream.end(frameMessage(answer));
}

function sendSuccess(this: ServerHttp2Stream): void {
  this.sendTrailers(successTrailers);
}

export function beginAnswers(stream: ServerHttp2Stream): void {
  if (!stream.headersSent) stream.respond(answerHeaders, answerOptions);
}

/** Ends the call after the answers that were sent, and tells the client to stop sending what nobody reads. */
export function endAnswers(stream: ServerHttp2Stream, outcome: GrpcStatus): void {
  if (isOver(stream) || stream.writableEnded) return;
  stream.once('wantTrailers', () => {
    stream.sendTrailers(trailersOf(outcome));
    if (stream.readableEnded) return;
    setImmediate(() => {
      // Not at once: the reset would overtake the trailers.
      if (!isOver(stream)) stream.close(constants.NGHTTP2_NO_ERROR);
    });
  });
  beginAnswers(stream);
  stream.end();
}

/** Answers with a status alone, and tells the client to stop sending what nobody reads. */
export function refuse(stream: ServerHttp2Stream, outcome: GrpcStatus): void {
  if (isOver(stream) || stream.headersSent) return;
  stream.respond({ ...answerHeaders, ...trailersOf(outcome) }, statusOnlyOptions);
  if (!stream.readableEnded) stream.close(constants.NGHTTP2_NO_ERROR);
}

export function refuseHttp(stream: ServerHttp2Stream, httpStatus: number): void {
  stream.respond({ ':status': httpStatus }, { endStream: true });
  stream.close(constants.NGHTTP2_NO_ERROR);
}

function trailersOf({ code, message }: GrpcStatus): Record<string, string> {
  return message === ''
    ? { 'grpc-status': `${code}` }
    : { 'grpc-status': `${code}`, 'grpc-message': encode(message) };
}

/** Percent-encodes what a header cannot hold, as gRPC wants it. */
function encode(message: string): string {
  return message.replaceAll(/[^ -$&-~]+/g, (part) => encodeURIComponent(part));
}

/** In the words of etcd's gRPC library. */
export function unimplemented(path: string, services: ReadonlySet<string>): GrpcError {
  const [, service = '', method = ''] = /^\/(.+)\/([^/]*)$/.exec(path) ?? [];
  if (service === '') {
    return new GrpcError(status.RESOURCE_EXHAUSTED, `malformed method name: ${JSON.stringify(path)}`);
  }
  if (!services.has(service)) return new GrpcError(status.UNIMPLEMENTED, `unknown service ${service}`);
  return new GrpcError(status.UNIMPLEMENTED, `unknown method ${method} for service ${service}`);
}

import { status } from '@grpc/grpc-js';
import { encodeHeaders } from '../http2/index.js';
import type { Http2Stream } from '../http2/index.js';
import { isWhole, sizeBytesOf } from './answer.js';
import type { Answer } from './answer.js';
import { GrpcError } from './errors.js';
import type { GrpcStatus } from './errors.js';
import { frameMessage, messagePrefix } from './message-reader.js';

/** How calls end on the wire. All of it does nothing to a call that has ended already. */

const answerFields = [
  [':status', '200'],
  ['content-type', 'application/grpc'],
] as const;
const answerHeaders = encodeHeaders(answerFields);
const successFields = [['grpc-status', '0']] as const;
const successTrailers = encodeHeaders(successFields);

/** The one answer of a call and its success. */
export function answerOnce(stream: Http2Stream, answer: Answer): void {
  if (isWhole(answer)) {
    stream.answer(answerHeaders, frameMessage(answer), successTrailers);
    return;
  }
  stream.begin(answerHeaders);
  stream.send(messagePrefix(sizeBytesOf(answer)));
  for (const piece of answer) stream.send(piece);
  stream.end(successTrailers);
}

export function beginAnswers(stream: Http2Stream): void {
  stream.begin(answerHeaders);
}

/** Ends the call after the answers that were sent. */
export function endAnswers(stream: Http2Stream, outcome: GrpcStatus): void {
  stream.begin(answerHeaders);
  stream.end(outcome.code === status.OK ? successTrailers : encodeHeaders(trailersOf(outcome)));
}

/** Answers with a status alone. */
export function refuse(stream: Http2Stream, outcome: GrpcStatus): void {
  if (stream.hasBegun) return;
  stream.answerHeaders(encodeHeaders([...answerFields, ...trailersOf(outcome)]));
}

export function refuseHttp(stream: Http2Stream, httpStatus: number): void {
  stream.answerHeaders(encodeHeaders([[':status', String(httpStatus)]]));
}

function trailersOf({ code, message }: GrpcStatus): readonly (readonly [string, string])[] {
  const fields = [['grpc-status', String(code)]] as const;
  return message === '' ? fields : [...fields, ['grpc-message', encode(message)]];
}

/** Percent-encodes what a header cannot hold, as gRPC wants it. Half a character, which has no encoding, becomes U+FFFD. */
function encode(message: string): string {
  return message.replaceAll(/[^ -$&-~]+/g, (part) => encodeURIComponent(Buffer.from(part).toString()));
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

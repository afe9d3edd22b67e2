/**
 * The little of gRPC that calls need: length-prefixed messages each way, and a status in the trailers. See
 * "gRPC over HTTP2" in gRPC's documentation. A frame:
 *
 *     byte 0      1 if compressed; never here, since no compression is offered
 *     bytes 1–4   length of the message, big-endian
 *     the rest    the message
 */
import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http2';

import { grpcStatus } from './errors.js';

/** What goes beside a call, in gRPC's words: HTTP headers. */
export type Metadata = Readonly<Record<string, string>>;

const prefixBytes = 5;

export function frameMessage(message: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(prefixBytes + message.length);
  frame[0] = 0;
  frame.writeUInt32BE(message.length, 1);
  frame.set(message, prefixBytes);
  return frame;
}

/** The one message of an answer; undefined if the bytes are not exactly one uncompressed frame. */
export function messageOfFrame(bytes: Buffer): Buffer | undefined {
  const isWhole = bytes.length >= prefixBytes && bytes[0] === 0;
  if (!isWhole || bytes.readUInt32BE(1) !== bytes.length - prefixBytes) return undefined;
  return bytes.subarray(prefixBytes);
}

/** One object a path, made once: node:http2 copies what it is given. */
export function requestHeaders(path: string, metadata?: Metadata): OutgoingHttpHeaders {
  const known = headersByPath.get(path) ?? makeHeaders(path);
  return metadata === undefined ? known : { ...known, ...metadata };
}

function makeHeaders(path: string): OutgoingHttpHeaders {
  const headers: OutgoingHttpHeaders = Object.freeze({
    ':method': 'POST',
    ':path': path,
    'content-type': 'application/grpc+proto',
    te: 'trailers',
    'user-agent': 'quorate-client',
  });
  headersByPath.set(path, headers);
  return headers;
}

/** Bounded by the number of methods that this client knows. */
const headersByPath = new Map<string, OutgoingHttpHeaders>();

export interface GrpcStatus {
  readonly status: number;
  readonly message: string;
}

/** The status in trailers, or in the headers of an answer that has nothing else; undefined if there is none. */
export function statusOf(headers: IncomingHttpHeaders): GrpcStatus | undefined {
  const status = headers['grpc-status'];
  if (typeof status !== 'string') return undefined;
  const message = headers['grpc-message'];
  return {
    status: /^\d+$/.test(status) ? Number(status) : grpcStatus.unknown,
    message: typeof message === 'string' ? percentDecode(message) : `gRPC status ${status}`,
  };
}

/** Something that is no gRPC server answered, a proxy for example: the HTTP status tells it. */
export function statusOfHttp(httpStatus: number | undefined): GrpcStatus | undefined {
  if (httpStatus === 200) return undefined;
  const isPassing = httpStatus === 429 || httpStatus === 502 || httpStatus === 503 || httpStatus === 504;
  const message = `HTTP status ${httpStatus ?? 'missing'}: this is no member's client port`;
  return { status: isPassing ? grpcStatus.unavailable : grpcStatus.unknown, message };
}

function percentDecode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // Not what the specification asks for; better as it is than not at all.
  }
}

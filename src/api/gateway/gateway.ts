import { status } from '@grpc/grpc-js';
import type protobuf from 'protobufjs';
import protojson from 'protobufjs/ext/protojson.js';
import { messageOf, QuorateError } from '../../base/index.js';
import { joined } from '../answer.js';
import { createConnectionContexts } from '../call-context.js';
import { GrpcError, statusOf } from '../errors.js';
import type { HttpRequest, HttpResponse } from '../http-exchange.js';
import { createPartialMessages } from '../message-reader.js';
import type { PartialMessages } from '../message-reader.js';
import type { CallContext, Method, UnaryMethod } from '../method.js';
import type { UnreadAnswers } from '../unread-answers.js';
import { httpStatusOf } from './http-codes.js';
import { runHttpStream } from './http-stream.js';
import { createJsonValues } from './json-values.js';
import { knownFields } from './known-fields.js';
import { grpcPaths } from './routes.js';
import { loadSchema, methodSchema } from './schema.js';
import type { MethodSchema } from './schema.js';

/**
 * The methods of gRPC as JSON over HTTP, as etcd's gateway has them (docs/compatibility.md): POST `/v3/kv/range` and so
 * on. Each request becomes the protobuf message and runs through the same method.
 */
export interface Gateway {
  /** Whether the path is one of the gateway's. */
  serves(pathname: string): boolean;
  /** Answers, whatever happens. */
  handle(pathname: string, request: HttpRequest, response: HttpResponse): void;
  /** Ends the streams that run. */
  close(): void;
}

export interface GatewayOptions {
  readonly methods: readonly Method[];
  /** One request as JSON. */
  readonly requestSizeMax: number;
  /** What has arrived of all requests that are not whole yet. */
  readonly partialSizeMax: number;
  readonly answers: UnreadAnswers;
  /** With this much of a stream waiting for its client, the method stops sending. */
  readonly sendBufferSizeBytes: number;
  readonly onFailure: (path: string, thrown: unknown) => void;
}

interface Route {
  readonly method: Method;
  readonly schema: MethodSchema;
}

/** A client certificate speaks for no user here, as with etcd: whoever proxies HTTP has one for all of its clients. */
const contexts = createConnectionContexts(null);

export function createGateway(options: GatewayOptions): Gateway {
  const { methods, requestSizeMax, answers, sendBufferSizeBytes, onFailure } = options;
  const partial = createPartialMessages(options.partialSizeMax);
  const closing = new AbortController();
  const root = loadSchema();
  const methodsByPath = new Map(methods.map((method) => [method.path, method]));
  const routes = new Map<string, Route>();
  for (const [path, grpcPath] of grpcPaths) {
    const method = methodsByPath.get(grpcPath);
    if (method !== undefined) routes.set(path, { method, schema: methodSchema(root, grpcPath) });
  }

  async function run(route: Route, request: HttpRequest, response: HttpResponse): Promise<void> {
    const { method, schema } = route;
    const context = contextOf(request);
    const signal = signalOf(response, closing.signal);
    const requests = readRequests(request, schema.request, requestSizeMax, partial);
    const toJson = (answer: Buffer): unknown =>
      protojson.toJson(schema.response, schema.response.decode(answer));
    if (method.type === 'stream') {
      const parts = { method, context, response, requests, toJson, signal, sendBufferSizeBytes, onFailure };
      await runHttpStream(parts);
      return;
    }
    const answer = await answerUnary(method, requests, context, signal, onFailure);
    if (!response.destroyed) sendAnswer(response, Buffer.from(JSON.stringify(toJson(answer))));
  }

  function sendAnswer(response: HttpResponse, body: Buffer): void {
    const forget = answers.admit(body.length, () => response.destroy());
    if (forget === null) throw new QuorateError('too-many-requests');
    response.once('close', forget);
    send(response, 200, body);
  }

  return {
    serves: (pathname) => grpcPaths.has(pathname),
    handle(pathname, request, response) {
      if (request.method !== 'POST') {
        response.setHeader('allow', 'POST');
        sendError(response, 405, { code: status.UNIMPLEMENTED, message: 'Method Not Allowed' });
        return;
      }
      const route = routes.get(pathname);
      const answered =
        route === undefined
          ? Promise.reject(new GrpcError(status.UNIMPLEMENTED, 'Not Implemented'))
          : run(route, request, response);
      answered.catch((error: unknown) => {
        const outcome = statusOf(error);
        sendError(response, httpStatusOf(outcome.code), outcome);
      });
    },
    close: () => closing.abort(new QuorateError('stopped')),
  };
}

async function answerUnary(
  method: UnaryMethod,
  requests: AsyncIterable<Buffer>,
  context: CallContext,
  signal: AbortSignal,
  onFailure: GatewayOptions['onFailure'],
): Promise<Buffer> {
  let first: Buffer = Buffer.alloc(0); // An empty body is an empty message.
  for await (const each of requests) {
    first = each;
    break;
  }
  try {
    return joined(await method.handle(first, context, signal, () => !signal.aborted));
  } catch (error) {
    onFailure(method.path, error);
    throw error;
  }
}

/** The JSON requests of a body, as protobuf. Errors: GrpcError INVALID_ARGUMENT, saying what is wrong with which field. */
async function* readRequests(
  request: HttpRequest,
  type: protobuf.Type,
  sizeMax: number,
  partial: PartialMessages,
): AsyncGenerator<Buffer> {
  const values = createJsonValues(sizeMax, partial);
  const encode = (value: unknown): Buffer => {
    const message = protojson.fromJson(type, knownFields(type, value));
    return Buffer.from(type.encode(message).finish());
  };
  request.setEncoding('utf8');
  try {
    for await (const chunk of request.iterator({ destroyOnReturn: false })) {
      for (const value of values.push(String(chunk))) yield encode(value);
    }
    for (const value of values.end()) yield encode(value);
  } catch (error) {
    throw error instanceof QuorateError ? error : new GrpcError(status.INVALID_ARGUMENT, messageOf(error));
  } finally {
    values.release();
    request.resume(); // What nobody reads is let go.
  }
}

/** What of HTTP's headers a call sees, and as what. */
const passedHeaders = [
  ['authorization', 'authorization'],
  ['grpc-metadata-token', 'token'],
  ['grpc-metadata-hasleader', 'hasleader'],
] as const;

function contextOf({ headers }: HttpRequest): CallContext {
  const known = new Map<string, string>();
  for (const [name, as] of passedHeaders) {
    const value = headers[name];
    if (value !== undefined) known.set(as, String(value));
  }
  return contexts.of(known);
}

function signalOf(response: HttpResponse, closing: AbortSignal): AbortSignal {
  const gone = new AbortController();
  response.once('close', () => gone.abort(new QuorateError('canceled')));
  return AbortSignal.any([closing, gone.signal]);
}

function send(response: HttpResponse, httpStatus: number, body: Buffer): void {
  response.writeHead(httpStatus, { 'content-type': 'application/json', 'content-length': body.length });
  response.end(body);
}

/** All three fields: older clients read `error`, newer ones `message` and `code`. */
function sendError(
  response: HttpResponse,
  httpStatus: number,
  { code, message }: { readonly code: status; readonly message: string },
): void {
  if (response.headersSent || response.destroyed) return;
  send(response, httpStatus, Buffer.from(JSON.stringify({ error: message, message, code })));
}

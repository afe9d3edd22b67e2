import { Server, ServerCredentials } from '@grpc/grpc-js';
import type { Metadata, sendUnaryData, ServerUnaryCall, ServerWritableStream } from '@grpc/grpc-js';
import type { Socket } from 'node:net';
import { QuorateError } from '../base/index.js';
import { messageTooLarge, statusOf } from './errors.js';
import type { ApiLimits } from './limits.js';
import type { CallContext, Method, StreamMethod, UnaryMethod } from './method.js';

/** Serves methods over connections that speak HTTP/2. */
export interface GrpcServer {
  /** Takes over a connection; its first bytes are still to be read. */
  accept(socket: Socket): void;
  /** From now on new calls are refused with `stopped`; running ones may end, for the given time. */
  drain(graceMs: number): void;
}

const plain: CallContext = { requiresLeader: false };
const withLeader: CallContext = { requiresLeader: true };

export function createGrpcServer(methods: readonly Method[], limits: ApiLimits): GrpcServer {
  const server = new Server({
    'grpc.max_concurrent_streams': limits.streamsPerConnectionMax,
    // A message above our own limit is refused in etcd's words as long as it is not larger than this.
    'grpc.max_receive_message_length': 4 * limits.messageSizeBytesMax,
    'grpc.max_send_message_length': -1,
    'grpc.enable_channelz': 0,
  });
  const closing = new AbortController();
  for (const method of methods) {
    if (method.type === 'unary') registerUnary(server, method, limits, closing.signal);
    else registerStream(server, method, limits, closing.signal);
  }
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
  return {
    accept: (socket) => injector.injectConnection(socket),
    drain(graceMs) {
      closing.abort();
      injector.drain(graceMs);
    },
  };
}

function registerUnary(server: Server, method: UnaryMethod, limits: ApiLimits, closing: AbortSignal): void {
  const handler = (call: ServerUnaryCall<Buffer, Buffer>, answer: sendUnaryData<Buffer>): void => {
    answerUnary(method, call, limits, closing).then(
      (response) => answer(null, response),
      (error: unknown) => {
        const { code, message } = statusOf(error);
        answer({ code, details: message });
      },
    );
  };
  server.register(method.path, handler, bytesAsTheyAre, bytesAsTheyAre, 'unary');
}

async function answerUnary(
  method: UnaryMethod,
  call: ServerUnaryCall<Buffer, Buffer>,
  limits: ApiLimits,
  closing: AbortSignal,
): Promise<Buffer> {
  check(call.request, limits, closing);
  return method.handle(call.request, contextOf(call.metadata));
}

function registerStream(server: Server, method: StreamMethod, limits: ApiLimits, closing: AbortSignal): void {
  const handler = (call: ServerWritableStream<Buffer, Buffer>): void => {
    const gone = new AbortController();
    call.on('cancelled', () => gone.abort());
    answerStream(method, call, limits, closing, gone.signal).then(
      () => call.end(),
      (error: unknown) => {
        const { code, message } = statusOf(error);
        call.emit('error', { code, details: message });
      },
    );
  };
  server.register(method.path, handler, bytesAsTheyAre, bytesAsTheyAre, 'serverStream');
}

async function answerStream(
  method: StreamMethod,
  call: ServerWritableStream<Buffer, Buffer>,
  limits: ApiLimits,
  closing: AbortSignal,
  gone: AbortSignal,
): Promise<void> {
  check(call.request, limits, closing);
  await method.handle(call.request, (answer) => void call.write(answer), AbortSignal.any([closing, gone]));
}

function check(request: Buffer, limits: ApiLimits, closing: AbortSignal): void {
  if (closing.aborted) throw new QuorateError('stopped');
  if (request.length > limits.messageSizeBytesMax) {
    throw messageTooLarge(request.length, limits.messageSizeBytesMax);
  }
}

function contextOf(metadata: Metadata): CallContext {
  return metadata.get('hasleader')[0] === 'true' ? withLeader : plain;
}

function bytesAsTheyAre(bytes: Buffer): Buffer {
  return bytes;
}

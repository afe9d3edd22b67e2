import type { Client, ClientUnaryCall, sendUnaryData, ServiceError } from '@grpc/grpc-js';
import { status } from '@grpc/grpc-js';

import { isErrorCode, messageOf, QuorateError } from '../base/index.js';
import { quorate } from '../gen/protos.js';
import type { NodeId } from '../raft/index.js';
import type { Caller } from './handshake.js';
import { describeCall } from './handshake.js';
import { callPath, passBytes } from './service.js';
import { ProtocolError } from './wire.js';

/**
 * One question, one answer, beside the Raft stream and on its connection: for what a member cannot answer itself. What
 * the callee refuses comes back as the QuorateError that it threw.
 */
export interface CallSender {
  /** See PeerNetwork.call. */
  call(client: Client, to: NodeId, request: Uint8Array, timeoutMs: number): Promise<Uint8Array>;
  cancelAll(): void;
}

const { CallReply, CallRequest } = quorate.peer;

export const callSizeBytesMax = 1024 * 1024;
/** To one peer. HTTP/2 lets fewer through at a time; the others wait their turn. */
const callsWaitingMax = 1_024;

export function createCaller(caller: Caller): CallSender {
  const waiting = new Map<NodeId, Set<ClientUnaryCall>>();

  function waitingFor(to: NodeId): Set<ClientUnaryCall> {
    const found = waiting.get(to) ?? new Set();
    waiting.set(to, found);
    return found;
  }

  return {
    async call(client, to, request, timeoutMs) {
      if (request.length > callSizeBytesMax) throw new QuorateError('request-too-large');
      const calls = waitingFor(to);
      if (calls.size >= callsWaitingMax) throw new QuorateError('too-many-requests');
      const body = Buffer.from(CallRequest.encode(CallRequest.create({ body: request })).finish());
      const reply = await new Promise<Buffer>((resolve, reject) => {
        const done = (error: ServiceError | null, value?: Buffer): void => {
          calls.delete(call);
          if (error === null && value !== undefined) resolve(value);
          else reject(failureOf(to, error));
        };
        const deadline = Date.now() + timeoutMs;
        const metadata = describeCall(caller, to);
        const call = client.makeUnaryRequest(
          callPath,
          passBytes,
          passBytes,
          body,
          metadata,
          { deadline },
          done,
        );
        calls.add(call);
      });
      return readReply(to, reply);
    },
    cancelAll() {
      for (const calls of waiting.values()) for (const call of calls) call.cancel();
    },
  };
}

/** Answers a call with what `handle` makes of it. */
export function answerCall(
  bytes: Buffer,
  handle: (request: Uint8Array) => Promise<Uint8Array>,
  respond: sendUnaryData<Buffer>,
): void {
  const reply = (fields: quorate.peer.CallReply.$Properties): void =>
    respond(null, Buffer.from(CallReply.encode(CallReply.create(fields)).finish()));
  const refuse = (thrown: unknown): void =>
    reply({ error: thrown instanceof QuorateError ? thrown.code : 'internal', message: messageOf(thrown) });
  let body: Uint8Array;
  try {
    body = CallRequest.decode(bytes).body;
  } catch (error) {
    respond({ code: status.INVALID_ARGUMENT, details: `the call does not decode: ${messageOf(error)}` });
    return;
  }
  if (body.length > callSizeBytesMax) {
    refuse(new QuorateError('request-too-large'));
    return;
  }
  handle(body).then((answer) => {
    if (answer.length > callSizeBytesMax) refuse(new QuorateError('internal', 'the answer is too large'));
    else reply({ body: answer });
  }, refuse);
}

function failureOf(to: NodeId, error: ServiceError | null): QuorateError {
  if (error?.code === status.DEADLINE_EXCEEDED) return new QuorateError('timed-out');
  const reason = error === null ? 'an empty answer' : error.details;
  const code =
    error?.code === status.UNAVAILABLE || error?.code === status.CANCELLED ? 'canceled' : 'unavailable';
  return new QuorateError(code, `a call to member ${to} failed: ${reason}`, { cause: error });
}

function readReply(to: NodeId, bytes: Buffer): Uint8Array {
  const { body, error, message } = decodeReply(to, bytes);
  if (error === '') return body;
  throw isErrorCode(error)
    ? new QuorateError(error, message)
    : new QuorateError('internal', `member ${to} refused a call: ${error.slice(0, 64)}: ${message}`);
}

function decodeReply(to: NodeId, bytes: Buffer): quorate.peer.CallReply {
  try {
    return CallReply.decode(bytes);
  } catch (error) {
    const cause = new ProtocolError('the answer does not decode', { cause: error });
    throw new QuorateError('unavailable', `member ${to} answers a call with bytes that mean nothing`, {
      cause,
    });
  }
}

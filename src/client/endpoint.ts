import http2 from 'node:http2';
import type { ClientHttp2Session } from 'node:http2';

import { messageOf } from '../base/index.js';
import { callOn } from './call.js';
import type { CallOutcome, WireCall } from './call.js';
import type { EndpointAddress } from './endpoint-address.js';
import { superviseSession } from './session.js';
import { openStreamOn } from './stream.js';
import type { OpenedStream, StreamCall, StreamFailure } from './stream.js';
import { sessionOptionsOf } from './tls.js';
import type { TlsOptions } from './tls.js';

/** One member as a client sees it: an HTTP/2 connection, made when it is first needed and again when it is lost. */
export interface Endpoint {
  readonly name: string;
  /** Never rejects. Connects first if need be: what fails before that is `sent: false`. */
  call(call: WireCall): Promise<CallOutcome>;
  /** Likewise; the stream itself says later how it ended. */
  openStream(call: StreamCall): Promise<OpenedStream>;
  /** Ends calls under way as broken, and resolves when the socket is gone. */
  close(): Promise<void>;
}

export interface EndpointOptions {
  readonly connectTimeoutMs: number;
  readonly tls: TlsOptions | undefined;
}

type Connected =
  | { readonly ok: true; readonly session: ClientHttp2Session }
  | { readonly ok: false; readonly message: string; readonly cause: unknown };

/**
 * Why node:http2 and not @grpc/grpc-js: a unary call costs half the processor time, and this side of the socket
 * knows for certain whether a request was sent, which is what decides whether a write may be sent again.
 */
export function createEndpoint(address: EndpointAddress, options: EndpointOptions): Endpoint {
  /** The one for new calls. A session that says goodbye finishes its calls while its successor is already here. */
  let current: ClientHttp2Session | undefined;
  let connecting: Promise<Connected> | undefined;
  let isClosed = false;
  const open = new Set<ClientHttp2Session>();

  function usable(): ClientHttp2Session | undefined {
    return current === undefined || current.closed || current.destroyed ? undefined : current;
  }

  async function connectAndCall(call: WireCall): Promise<CallOutcome> {
    const outcome = await inTime(connect(), call);
    if ('type' in outcome) return outcome;
    if (!outcome.ok) return { type: 'broken', sent: false, message: outcome.message, cause: outcome.cause };
    return callOn(outcome.session, call);
  }

  async function openStream(call: StreamCall): Promise<OpenedStream> {
    const session = usable();
    if (session !== undefined) return openStreamOn(session, address.name, call);
    const patience = { signal: call.signal, timeoutMs: 2 * options.connectTimeoutMs };
    const outcome = await inTime(connect(), patience);
    if ('type' in outcome) return { ok: false, failure: failureOf(outcome) };
    if (outcome.ok) return openStreamOn(outcome.session, address.name, call);
    return {
      ok: false,
      failure: { type: 'broken', sent: false, message: outcome.message, cause: outcome.cause },
    };
  }

  function connect(): Promise<Connected> {
    if (isClosed) return Promise.resolve({ ok: false, message: 'the client is closed', cause: undefined });
    connecting ??= openSession().then((connected) => {
      connecting = undefined;
      if (connected.ok && !isClosed) current = connected.session;
      return connected;
    });
    return connecting;
  }

  /** Connected once the server's SETTINGS came: then it speaks HTTP/2, and somebody is awake at the other end. */
  function openSession(): Promise<Connected> {
    return new Promise((resolve) => {
      const session = http2.connect(address.url, {
        ...(address.isSecure ? sessionOptionsOf(options.tls ?? {}) : {}),
        settings: { initialWindowSize: windowSizeBytes, enablePush: false },
        maxSessionMemory: 1024,
      });
      open.add(session);
      const timer = setTimeout(() => {
        session.destroy(new Error(`no answer within ${options.connectTimeoutMs} ms of connecting`));
      }, options.connectTimeoutMs);
      let failure: Error | undefined;
      session.once('connect', (_session, socket) => {
        // A member that refuses our certificate says so after the handshake, and node:http2 then waits for ever.
        socket.on('error', (error: Error) => socket.destroy(error));
      });
      session.once('remoteSettings', () => {
        clearTimeout(timer);
        session.setLocalWindowSize(windowSizeBytes);
        superviseSession(session);
        resolve({ ok: true, session });
      });
      session.on('error', (error: Error) => {
        failure = error;
      });
      session.on('goaway', () => forget(session));
      session.on('close', () => {
        clearTimeout(timer);
        open.delete(session);
        forget(session);
        resolve({ ok: false, message: whyNotConnected(failure), cause: failure }); // No effect if connected before.
      });
    });
  }

  function forget(session: ClientHttp2Session): void {
    if (current === session) current = undefined;
  }

  return {
    name: address.name,
    call(call) {
      const session = usable();
      return session === undefined ? connectAndCall(call) : callOn(session, call);
    },
    openStream,
    async close() {
      isClosed = true;
      const gone = [...open].map((session) => new Promise<void>((resolve) => session.once('close', resolve)));
      for (const session of open) session.destroy();
      await Promise.all(gone);
    },
  };
}

/** Bytes that may be under way to us: as much as a large page, so that no page waits for acknowledgements. */
const windowSizeBytes = 8 * 1024 * 1024;

function whyNotConnected(failure: Error | undefined): string {
  if (failure === undefined)
    return "the connection was closed before it was ready: is it a member's client port, and http or https?";
  const isProtocol = 'code' in failure && failure.code === 'ERR_HTTP2_ERROR';
  return isProtocol ? `not a member's client port (${messageOf(failure)})` : messageOf(failure);
}

function failureOf({ type }: NotInTime): StreamFailure {
  if (type === 'aborted') return { type, sent: false };
  return { type: 'broken', sent: false, message: 'no connection in time', cause: undefined };
}

type NotInTime = { readonly type: 'timeout' | 'aborted'; readonly sent: false };

/** Waits for a connection as long as this call may; others may wait on. */
async function inTime(
  connection: Promise<Connected>,
  call: Pick<WireCall, 'signal' | 'timeoutMs'>,
): Promise<Connected | NotInTime> {
  if (call.signal?.aborted === true) return { type: 'aborted', sent: false };
  return new Promise((resolve) => {
    const timer = setTimeout(() => settle({ type: 'timeout', sent: false }), call.timeoutMs);
    const onAbort = () => settle({ type: 'aborted', sent: false });
    call.signal?.addEventListener('abort', onAbort);
    connection.then(settle, (cause: unknown) => {
      settle({ ok: false, message: messageOf(cause), cause });
    });

    function settle(outcome: Connected | NotInTime): void {
      clearTimeout(timer);
      call.signal?.removeEventListener('abort', onAbort);
      resolve(outcome);
    }
  });
}

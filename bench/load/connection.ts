import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { createHeaderDecoder } from '../../src/http2/index.js';
import { createFrameReader } from './frame-reader.js';
import type { FrameReader } from './frame-reader.js';
import { createOutbox } from './outbox.js';
import type { Outbox } from './outbox.js';
import * as wire from './wire.js';

/** What a connection tells whoever sends on it. `slot` is the number that the caller gave its request. */
export interface AnswerListener {
  /** Bytes of the answer as they come, gRPC's five bytes before each message included. Valid during the call only. */
  onData?(slot: number, bytes: Buffer, from: number, to: number): void;
  /** The call is over; a failure is what the server said. */
  onEnd(slot: number, failure: string | null): void;
  /** The connection is gone, and with it all that is under way. Not told after `close`. */
  onLost(reason: string): void;
}

/** A message as it travels, gRPC's prefix included; its bytes are taken at once, so it may change after. */
export interface OutgoingMessage {
  readonly path: string;
  readonly bytes: Buffer;
}

/**
 * gRPC calls over one connection with as little work for each as JavaScript allows: what is measured is the server.
 * Requests gather until `flush`; those made within `onEnd` or `onData` need none.
 */
export interface LoadConnection {
  /** A call of one message, which must fit into the window that the server gives a new stream. */
  call(slot: number, message: OutgoingMessage): void;
  /** A call that stays open for more messages; answers with the stream's number. */
  open(slot: number, path: string): number;
  sendOn(streamId: number, bytes: Buffer): void;
  flush(): void;
  close(): void;
}

const receiveBufferBytes = 256 * 1024;
const headersSizeBytesMax = 16 * 1024;
const connectTimeoutMs = 10_000;

/** Rejects when there is no connection within ten seconds. */
export function openConnection(url: string, listener: AnswerListener): Promise<LoadConnection> {
  const { hostname, port, host } = new URL(url);
  return new Promise((resolve, reject) => {
    const buffer = Buffer.allocUnsafeSlow(receiveBufferBytes);
    let connection: Connection | null = null;
    const socket = connect({
      host: hostname,
      port: Number(port),
      noDelay: true,
      onread: {
        buffer,
        callback: (size) => {
          connection?.onBytes(buffer, size);
          return true;
        },
      },
    });
    socket.setTimeout(connectTimeoutMs, () => socket.destroy(new Error(`${url} does not answer`)));
    socket.once('connect', () => {
      socket.setTimeout(0);
      connection = new Connection(socket, host, listener);
      resolve(connection);
    });
    socket.on('error', (error) => {
      reject(error);
      connection?.lose(error.message);
    });
    socket.on('close', () => connection?.lose('the server closed the connection'));
  });
}

class Connection implements LoadConnection {
  readonly #socket: Socket;
  readonly #listener: AnswerListener;
  readonly #headers: wire.RequestHeaders;
  readonly #outbox: Outbox;
  readonly #reader: FrameReader;
  readonly #decoder = createHeaderDecoder(headersSizeBytesMax);
  readonly #slots = new Map<number, number>();
  #nextStreamId = 1;
  /** Trailers that said "ok": they are the same bytes for nearly all calls. */
  #okTrailers: Buffer = Buffer.alloc(0);
  #initialHeaders: Buffer = Buffer.alloc(0);
  #isClosed = false;

  constructor(socket: Socket, authority: string, listener: AnswerListener) {
    this.#socket = socket;
    this.#listener = listener;
    this.#headers = wire.createRequestHeaders(authority);
    this.#outbox = createOutbox(socket);
    this.#outbox.control(wire.openingBytes());
    this.#outbox.flush();
    this.#reader = createFrameReader({
      onData: (streamId, bytes, from, to) => {
        if (this.#listener.onData === undefined) return;
        const slot = this.#slots.get(streamId);
        if (slot !== undefined) this.#listener.onData(slot, bytes, from, to);
      },
      onDataRead: (streamId, sizeBytes) => this.#outbox.credit(streamId, sizeBytes),
      onFrame: (frame) => this.#onFrame(frame),
      onStreamEnd: (streamId) => this.#end(streamId, 'an answer without a status'),
    });
  }

  call(slot: number, { path, bytes }: OutgoingMessage): void {
    const streamId = this.#begin(slot);
    this.#outbox.call(streamId, this.#headers.blockFor(path), bytes);
  }

  open(slot: number, path: string): number {
    const streamId = this.#begin(slot);
    this.#outbox.open(streamId, this.#headers.blockFor(path));
    return streamId;
  }

  sendOn(streamId: number, bytes: Buffer): void {
    this.#outbox.sendOn(streamId, bytes);
  }

  flush(): void {
    if (!this.#isClosed) this.#outbox.flush();
  }

  close(): void {
    this.#isClosed = true;
    this.#socket.destroy();
  }

  lose(reason: string): void {
    if (this.#isClosed) return;
    this.close();
    this.#listener.onLost(reason);
  }

  onBytes(bytes: Buffer, size: number): void {
    if (this.#isClosed) return;
    try {
      this.#reader.read(bytes, size);
    } catch (error) {
      this.lose(error instanceof Error ? error.message : String(error));
      return;
    }
    this.flush();
  }

  #begin(slot: number): number {
    const streamId = this.#nextStreamId;
    this.#nextStreamId += 2;
    this.#slots.set(streamId, slot);
    return streamId;
  }

  #end(streamId: number, failure: string | null): void {
    const slot = this.#slots.get(streamId);
    if (slot === undefined) return;
    this.#slots.delete(streamId);
    this.#outbox.forget(streamId);
    this.#listener.onEnd(slot, failure);
  }

  #onFrame({ type, flags, streamId, payload }: ControlFrame): void {
    switch (type) {
      case wire.frameTypes.headers:
        this.#onHeaders(streamId, flags, payload);
        return;
      case wire.frameTypes.windowUpdate:
        this.#outbox.widen(streamId, payload.readUInt32BE(0) & 0x7fff_ffff);
        return;
      case wire.frameTypes.settings:
        if ((flags & wire.flags.ack) === 0) this.#onSettings(payload);
        return;
      case wire.frameTypes.ping:
        if ((flags & wire.flags.ack) === 0)
          this.#outbox.control(frameOf(wire.frameTypes.ping, wire.flags.ack, payload));
        return;
      case wire.frameTypes.rstStream:
        this.#end(streamId, `the server reset the stream, code ${payload.readUInt32BE(0)}`);
        return;
      case wire.frameTypes.goaway:
        throw new Error(`the server said goodbye, code ${payload.readUInt32BE(4)}`);
    }
  }

  #onSettings(payload: Buffer): void {
    for (let at = 0; at + 6 <= payload.length; at += 6) {
      const isWindow = payload.readUInt16BE(at) === wire.settingIds.initialWindowSize;
      if (isWindow) this.#outbox.setInitialWindow(payload.readUInt32BE(at + 2));
    }
    this.#outbox.control(frameOf(wire.frameTypes.settings, wire.flags.ack, Buffer.alloc(0)));
  }

  /** Blocks build on none before them (see `openingBytes`), so that the same bytes say the same. */
  #onHeaders(streamId: number, flags: number, payload: Buffer): void {
    if ((flags & wire.flags.endHeaders) === 0 || (flags & (wire.flags.padded | wire.flags.priority)) !== 0)
      throw new Error('headers in a form that this client does not read');
    if ((flags & wire.flags.endStream) === 0) {
      if (payload.equals(this.#initialHeaders)) return;
      const status = this.#decoder.decode(payload)?.get(':status');
      if (status !== '200') throw new Error(`HTTP status ${String(status)}`);
      this.#initialHeaders = Buffer.from(payload);
      return;
    }
    if (payload.equals(this.#okTrailers)) {
      this.#end(streamId, null);
      return;
    }
    const trailers = this.#decoder.decode(payload);
    const status = trailers?.get('grpc-status');
    if (status === '0') this.#okTrailers = Buffer.from(payload);
    this.#end(
      streamId,
      status === '0' ? null : `${String(trailers?.get('grpc-message'))} (${String(status)})`,
    );
  }
}

/** All but DATA; the payload is valid during the call only. */
export interface ControlFrame {
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
  readonly payload: Buffer;
}

function frameOf(type: number, flags: number, payload: Buffer): Buffer {
  const frame = Buffer.alloc(wire.frameHeaderSizeBytes + payload.length);
  const at = wire.writeFrameHeader(frame, 0, { sizeBytes: payload.length, type, flags, streamId: 0 });
  frame.set(payload, at);
  return frame;
}

import type { sendUnaryData, ServerReadableStream, StatusObject } from '@grpc/grpc-js';
import { Metadata, status } from '@grpc/grpc-js';

import type { Logger } from '../base/index.js';
import type { Message, NodeId } from '../raft/index.js';
import type { Route } from './codec.js';
import { decodeBatch } from './codec.js';
import { ProtocolError } from './wire.js';

/**
 * The Raft streams of our peers, one each: a newer one of the same peer replaces the older, whose connection we have
 * not seen die yet. What does not decode, or is not of the stream's peer, ends the stream with INVALID_ARGUMENT; the
 * peer's own backoff keeps it from trying hotly.
 */
export interface Inbound {
  accept(call: ServerReadableStream<Buffer, Buffer>, respond: sendUnaryData<Buffer>, route: Route): void;
  has(peer: NodeId): boolean;
  /** Ends the stream of this peer, if there is one. */
  cut(peer: NodeId, why: Partial<StatusObject>): void;
  /** Ends all, so that every peer knows at once that we are about to be gone. */
  close(): void;
}

export interface InboundEvents {
  onMessages(messages: readonly Message[]): void;
  onReceived(sizeBytes: number): void;
  /** The connection that carried the stream is gone. */
  onLost(peer: NodeId): void;
  /** The stream is over, for whatever reason but a newer one. */
  onEnd(peer: NodeId): void;
}

interface Stream {
  end(why: Partial<StatusObject>): void;
}

const noBytes = Buffer.alloc(0);

export function createInbound(logger: Logger, events: InboundEvents): Inbound {
  const streams = new Map<NodeId, Stream>();

  function accept(
    call: ServerReadableStream<Buffer, Buffer>,
    respond: sendUnaryData<Buffer>,
    route: Route,
  ): void {
    const peer = route.from;
    let over = false;
    const stream: Stream = {
      end(why) {
        finish();
        respond(why);
      },
    };

    function finish(): boolean {
      if (over) return false;
      over = true;
      if (streams.get(peer) === stream) {
        streams.delete(peer);
        events.onEnd(peer);
      }
      return true;
    }

    call.on('data', (bytes: Buffer) => {
      if (over) return;
      events.onReceived(bytes.length);
      const messages = decodeOrCut(route, bytes, stream);
      if (messages !== null && messages.length > 0) events.onMessages(messages);
    });
    call.on('end', () => {
      if (finish()) respond(null, noBytes);
    });
    call.on('error', () => undefined); // 'close' follows, or 'cancelled' came before.
    call.on('cancelled', () => {
      if (finish()) events.onLost(peer);
    });

    const older = streams.get(peer);
    streams.set(peer, stream);
    if (older !== undefined) {
      older.end({ code: status.ABORTED, details: 'replaced by a newer stream of the same member' });
    }
    call.sendMetadata(new Metadata());
  }

  function decodeOrCut(route: Route, bytes: Buffer, stream: Stream): Message[] | null {
    try {
      return decodeBatch(route, bytes);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      logger.warn('cut the stream of a peer', { peer: route.from, reason: error.message });
      stream.end({ code: status.INVALID_ARGUMENT, details: error.message });
      return null;
    }
  }

  return {
    accept,
    has: (peer) => streams.has(peer),
    cut(peer, why) {
      streams.get(peer)?.end(why);
    },
    close() {
      const why = { code: status.UNAVAILABLE, details: 'the member is stopping' };
      for (const stream of [...streams.values()]) stream.end(why);
    },
  };
}

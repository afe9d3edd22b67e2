import type { sendUnaryData, ServerReadableStream } from '@grpc/grpc-js';
import { Metadata, status } from '@grpc/grpc-js';

import type { Logger } from '../base/index.js';
import { messageOf } from '../base/index.js';
import type { NodeId } from '../raft/index.js';
import type { SnapshotHeader, SnapshotTotals } from './snapshot-codec.js';
import { createSnapshotUnpacker, encodeTotals } from './snapshot-codec.js';
import { snapshotStallMs } from './snapshot-sender.js';
import type { PeerHandlers, SnapshotSink } from './types.js';
import { ProtocolError } from './wire.js';

/**
 * Takes the snapshots that peers stream to us, one at a time: a second one is refused with RESOURCE_EXHAUSTED. Each
 * chunk is checked and written into the sink before the next one is read, so a slow disk slows the sender. A stream
 * that breaks, stands still or lies leaves nothing behind.
 */
export interface SnapshotReceiver {
  accept(call: ServerReadableStream<Buffer, Buffer>, respond: sendUnaryData<Buffer>, from: NodeId): void;
  /** Breaks off what is being received; resolves when its sink is closed. */
  close(): Promise<void>;
}

type SnapshotHandlers = Pick<PeerHandlers, 'openSnapshot' | 'onSnapshot'>;

/** Of one chunk: the sender's are a quarter MiB, plus what one large entry can add. */
const chunkSizeBytesMax = 4 * 1024 * 1024;

interface Receiving {
  breakOff(reason: string): void;
  readonly finished: Promise<void>;
}

export function createSnapshotReceiver(logger: Logger, handlers: SnapshotHandlers): SnapshotReceiver {
  let current: Receiving | null = null;

  return {
    accept(call, respond, from) {
      call.on('error', () => undefined); // Whoever reads hears of it.
      if (current !== null) {
        respond({ code: status.RESOURCE_EXHAUSTED, details: 'this member is receiving another snapshot' });
        return;
      }
      call.sendMetadata(new Metadata());
      const breakOff = (reason: string): void => {
        call.destroy(new Error(reason));
      };
      const finished = receive({ call, respond, from, logger, handlers, breakOff }).finally(
        () => (current = null),
      );
      current = { breakOff, finished };
    },
    async close() {
      current?.breakOff('the member is stopping');
      await current?.finished;
    },
  };
}

interface Reception {
  readonly call: ServerReadableStream<Buffer, Buffer>;
  readonly respond: sendUnaryData<Buffer>;
  readonly from: NodeId;
  readonly logger: Logger;
  readonly handlers: SnapshotHandlers;
  breakOff(reason: string): void;
}

/** Never rejects. */
async function receive(reception: Reception): Promise<void> {
  const { respond, from, logger, handlers } = reception;
  try {
    const { header, totals } = await store(reception);
    logger.info('received a snapshot', { peer: from, index: header.meta.index, entries: totals.entryCount });
    handlers.onSnapshot(from, header.term, header.meta);
    respond(null, encodeTotals(totals));
  } catch (error) {
    const reason = messageOf(error);
    logger.warn('refused or lost a snapshot', { peer: from, reason });
    const code = error instanceof ProtocolError ? status.INVALID_ARGUMENT : status.UNAVAILABLE;
    respond({ code, details: reason });
  }
}

async function store(reception: Reception): Promise<{ header: SnapshotHeader; totals: SnapshotTotals }> {
  const { call, from, handlers } = reception;
  const unpacker = createSnapshotUnpacker();
  const stallTimer = setTimeout(
    () => reception.breakOff(`the stream stood still for ${snapshotStallMs} ms`),
    snapshotStallMs,
  );
  let header: SnapshotHeader | null = null;
  let sink: SnapshotSink | null = null;
  try {
    for await (const bytes of call as AsyncIterable<Buffer>) {
      stallTimer.refresh();
      if (bytes.length > chunkSizeBytesMax) throw new ProtocolError('a snapshot chunk is too large');
      const part = unpacker.accept(bytes);
      if (part.type === 'header') {
        header = part.header;
        sink = await handlers.openSnapshot(from, header.meta);
      } else if (part.type === 'entries') await sink?.write(part.entries);
    }
    clearTimeout(stallTimer);
    const totals = unpacker.finish();
    if (header === null || sink === null) throw new ProtocolError('a snapshot without a header');
    await sink.finish();
    return { header, totals };
  } catch (error) {
    await abort(sink, reception);
    throw error;
  } finally {
    clearTimeout(stallTimer);
  }
}

async function abort(sink: SnapshotSink | null, { from, logger }: Reception): Promise<void> {
  try {
    await sink?.abort();
  } catch (error) {
    logger.error('cannot throw away a broken snapshot', { peer: from, reason: messageOf(error) });
  }
}

import type { Client, ClientWritableStream, ServiceError } from '@grpc/grpc-js';
import { status } from '@grpc/grpc-js';

import { messageOf, QuorateError } from '../base/index.js';
import type { NodeId } from '../raft/index.js';
import type { StoreEntry } from '../storage/index.js';
import type { Dial } from './dialing.js';
import type { Caller } from './handshake.js';
import { describeCall } from './handshake.js';
import { passBytes, snapshotPath } from './service.js';
import type { SnapshotHeader, SnapshotTotals } from './snapshot-codec.js';
import { createSnapshotPacker, decodeTotals } from './snapshot-codec.js';

export interface SnapshotDelivery {
  readonly to: NodeId;
  readonly url: string;
  readonly caller: Caller;
  readonly dial: Dial;
  readonly header: SnapshotHeader;
  readonly entries: AsyncIterable<StoreEntry>;
  /** Cancels the delivery, which then rejects. */
  readonly signal: AbortSignal;
}

const chunkSizeBytes = 256 * 1024;
/** Neither side may stand still for longer; storing the last of it may take the receiver this long, too. */
export const snapshotStallMs = 60_000;

/**
 * Streams a snapshot on a connection of its own, one chunk at a time. Resolves when the receiver has stored it whole;
 * rejects with `unavailable` in every other case.
 */
export async function deliverSnapshot(delivery: SnapshotDelivery): Promise<void> {
  const { to, signal } = delivery;
  const client = delivery.dial(delivery.url);
  try {
    if (signal.aborted) throw new Error('given up');
    const upload = startUpload(client, delivery);
    const sent = await sendChunks(upload, delivery);
    const stored = decodeTotals(await upload.receipt);
    if (stored.entryCount !== sent.entryCount || stored.checksum !== sent.checksum) {
      throw new Error('the receiver has stored something else than was sent');
    }
  } catch (error) {
    throw new QuorateError('unavailable', `snapshot to member ${to} failed: ${messageOf(error)}`, {
      cause: error,
    });
  } finally {
    client.close();
  }
}

interface Upload {
  /** Resolves when the chunk is on its way; rejects once the call has ended. */
  write(chunk: Buffer): Promise<void>;
  end(): void;
  cancel(): void;
  readonly receipt: Promise<Buffer>;
}

function startUpload(client: Client, { caller, to, signal }: SnapshotDelivery): Upload {
  let call: ClientWritableStream<Buffer> | null = null;
  let ended: Error | null = null;
  let failWrite: (error: Error) => void = () => undefined;
  let stalled = false;
  const cancel = (): void => call?.cancel();
  const stallTimer = setTimeout(() => {
    stalled = true;
    cancel();
  }, snapshotStallMs);
  signal.addEventListener('abort', cancel, { once: true });

  const receipt = new Promise<Buffer>((resolve, reject) => {
    const done = (error: ServiceError | null, value?: Buffer): void => {
      clearTimeout(stallTimer);
      signal.removeEventListener('abort', cancel);
      ended = new Error(describeEnd(error, stalled));
      if (error === null && value !== undefined) resolve(value);
      else reject(ended);
      failWrite(ended);
    };
    call = client.makeClientStreamRequest(
      snapshotPath,
      passBytes,
      passBytes,
      describeCall(caller, to),
      {},
      done,
    );
    call.on('error', () => undefined); // The callback tells the same.
  });
  receipt.catch(() => undefined); // Whoever waits for a write hears of it first.

  return {
    async write(chunk) {
      if (ended !== null) throw ended;
      stallTimer.refresh();
      // A write to a stream that ends may never call back: the end itself wakes us.
      await new Promise<void>((resolve, reject) => {
        failWrite = reject;
        call?.write(chunk, () => resolve());
      });
    },
    end() {
      stallTimer.refresh();
      call?.end();
    },
    cancel,
    receipt,
  };
}

async function sendChunks(upload: Upload, { header, entries }: SnapshotDelivery): Promise<SnapshotTotals> {
  const packer = createSnapshotPacker(chunkSizeBytes);
  try {
    await upload.write(packer.header(header));
    for await (const entry of entries) {
      const chunk = packer.add(entry);
      if (chunk !== null) await upload.write(chunk);
    }
    for (const chunk of packer.finish()) await upload.write(chunk);
    upload.end();
    return packer.totals;
  } catch (error) {
    upload.cancel();
    throw error;
  }
}

function describeEnd(error: ServiceError | null, stalled: boolean): string {
  if (error === null) return 'the receiver ended the stream before its time';
  if (stalled) return `the stream stood still for ${snapshotStallMs} ms`;
  return error.code === status.CANCELLED ? 'given up' : error.details;
}

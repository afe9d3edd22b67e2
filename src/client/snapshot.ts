import { createHash } from 'node:crypto';

import { etcdserverpb } from '../gen/protos.js';
import type { Connection } from './connection.js';
import { toNumber } from './entry.js';
import { ClientError, passing } from './errors.js';
import type { WireStream } from './stream.js';

export interface SnapshotOptions {
  /** Take this member's state. Default: that of the first member that gives one. */
  readonly endpoint?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface SnapshotPart {
  readonly bytes: Uint8Array;
  /** Of the file, after this part; the checksum does not count. */
  readonly remainingSizeBytes: number;
}

export interface Snapshots {
  /**
   * The whole store of one member at one revision, as a file of etcd's, part by part. The last part is the checksum of all
   * before it; it comes when it is right, and only with it the file is whole. There is no limit of time, and whoever
   * stops reading makes the member wait.
   *
   *     for await (const { bytes } of client.snapshot()) await file.write(bytes);
   *
   * Throws ClientErrors; `storage-corrupt` if the checksum is wrong or missing.
   */
  snapshot(options?: SnapshotOptions): AsyncIterable<SnapshotPart>;
}

const checksumSizeBytes = 32;

export function createSnapshots(connection: Connection): Snapshots {
  return { snapshot: (options = {}) => parts(connection, options) };
}

/** Tries each member once, the one that serves now first, until one has given something. */
async function* parts(connection: Connection, options: SnapshotOptions): AsyncGenerator<SnapshotPart> {
  const untried = new Set(options.endpoint === undefined ? connection.endpoints : []);
  for (let endpoint = options.endpoint; ;) {
    let hasBegun = false;
    try {
      for await (const part of partsOfOne(connection, { ...options, endpoint })) {
        hasBegun = true;
        yield part;
      }
      return;
    } catch (error) {
      if (hasBegun || !(error instanceof ClientError) || !passing.has(error.code)) throw error;
      untried.delete(error.endpoint ?? '');
      [endpoint] = untried;
      if (endpoint === undefined) throw error;
    }
  }
}

async function* partsOfOne(
  connection: Connection,
  { endpoint, signal }: SnapshotOptions,
): AsyncGenerator<SnapshotPart> {
  const path = '/etcdserverpb.Maintenance/Snapshot';
  const stream = await connection.openStream({ name: 'snapshot', path, endpoint, signal });
  stream.send(etcdserverpb.SnapshotRequest.encode({}).finish());
  stream.end();
  const hash = createHash('sha256');
  let last: SnapshotPart | null = null;
  for await (const message of stream.messages) {
    if (last !== null) {
      hash.update(last.bytes);
      yield last;
    }
    const { blob, remainingBytes } = etcdserverpb.SnapshotResponse.decode(message);
    last = { bytes: blob, remainingSizeBytes: toNumber(remainingBytes) };
  }
  if (last?.bytes.length !== checksumSizeBytes) throw wrong(stream, 'came without its checksum');
  if (!hash.digest().equals(last.bytes)) throw wrong(stream, 'does not match its checksum');
  yield last;
}

function wrong({ endpoint }: WireStream, how: string): ClientError {
  return new ClientError('storage-corrupt', `snapshot: what ${endpoint} sent ${how}: take it again`, {
    endpoint,
  });
}

import { createHash } from 'node:crypto';
import { open, rename, rm, statfs } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { QuorateError } from '../../base/index.js';
import { syncFolder } from '../../storage/index.js';
import type { SnapshotFile } from '../types.js';
import { partSuffix } from './names.js';

/** What has to stay free: a disk that a backup fills may be the member's own. */
const spareSizeBytes = 64 * 1024 * 1024;

/**
 * Writes a snapshot with its SHA-256 behind it, as a client would have saved it. Nobody else may read it: it holds all
 * that the store does. Under its name once it is durable and whole; a failure leaves nothing.
 */
export async function writeSnapshot(path: string, file: SnapshotFile): Promise<void> {
  const part = path + partSuffix;
  try {
    await refuseIfNarrow(dirname(path), file.sizeBytes);
    const handle = await open(part, 'w', 0o600);
    try {
      await writeAll(handle, file);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(part, path);
    await syncFolder(dirname(path));
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  } finally {
    await file.chunks[Symbol.asyncIterator]().return?.();
  }
}

async function refuseIfNarrow(folder: string, sizeBytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  const freeSizeBytes = bavail * bsize;
  if (freeSizeBytes >= sizeBytes + spareSizeBytes) return;
  throw new QuorateError(
    'storage-failed',
    `${folder} has ${freeSizeBytes} bytes free; the snapshot takes ${sizeBytes}, and ${spareSizeBytes} have to stay free`,
  );
}

async function writeAll(handle: FileHandle, { chunks, sizeBytes }: SnapshotFile): Promise<void> {
  const hash = createHash('sha256');
  let written = 0;
  for await (const chunk of chunks) {
    hash.update(chunk);
    await handle.writeFile(chunk);
    written += chunk.length;
  }
  if (written !== sizeBytes)
    throw new QuorateError('internal', 'a snapshot that is shorter than it should be');
  await handle.writeFile(hash.digest());
}

import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { asBuffer, messageOf, QuorateError } from '../base/index.js';
import type { ByteSource } from './types.js';

/** Pages are small and many: whole windows of the file are read, and the last few kept. */
const windowSizeBytes = 256 * 1024;
const windowsMax = 16;

export interface FileSource extends ByteSource {
  /** The whole file in order, past the windows. */
  pieces(): AsyncIterable<Buffer>;
  close(): Promise<void>;
}

/** Errors: `storage-failed` when there is no such file, it cannot be read, or is none (a folder, a device). */
export async function openFileSource(path: string): Promise<FileSource> {
  const handle = await attempt(path, () => open(path, 'r'));
  try {
    const stat = await attempt(path, () => handle.stat());
    if (!stat.isFile()) throw new QuorateError('storage-failed', `${path} is not a file`);
    return sourceOf(path, handle, stat.size);
  } catch (error) {
    await handle.close();
    throw error;
  }
}

function sourceOf(path: string, handle: FileHandle, sizeBytes: number): FileSource {
  const windows = new Map<number, Promise<Buffer>>();

  async function readExactly(offset: number, lengthBytes: number): Promise<Buffer> {
    const buffer = Buffer.allocUnsafe(lengthBytes);
    for (let filled = 0; filled < lengthBytes;) {
      const rest = lengthBytes - filled;
      const { bytesRead } = await attempt(path, () => handle.read(buffer, filled, rest, offset + filled));
      if (bytesRead === 0)
        throw new QuorateError('storage-failed', `${path} became shorter while it was read`);
      filled += bytesRead;
    }
    return buffer;
  }

  function windowAt(index: number): Promise<Buffer> {
    let window = windows.get(index);
    windows.delete(index);
    window ??= readExactly(
      index * windowSizeBytes,
      Math.min(windowSizeBytes, sizeBytes - index * windowSizeBytes),
    );
    windows.set(index, window);
    for (const oldest of windows.keys()) {
      if (windows.size <= windowsMax) break;
      windows.delete(oldest);
    }
    return window;
  }

  return {
    name: path,
    sizeBytes,
    async read(offset, lengthBytes) {
      const index = Math.floor(offset / windowSizeBytes);
      const start = offset - index * windowSizeBytes;
      if (start + lengthBytes > windowSizeBytes) return readExactly(offset, lengthBytes);
      return (await windowAt(index)).subarray(start, start + lengthBytes);
    },
    async *pieces() {
      for (let offset = 0; offset < sizeBytes; offset += windowSizeBytes) {
        yield await readExactly(offset, Math.min(windowSizeBytes, sizeBytes - offset));
      }
    },
    close: () => handle.close(),
  };
}

/** Bytes that are at hand, for tests and for whoever has a file in memory. */
export function memorySource(bytes: Uint8Array, name = 'the file'): ByteSource {
  const buffer = asBuffer(bytes);
  return {
    name,
    sizeBytes: buffer.length,
    read: async (offset, lengthBytes) => buffer.subarray(offset, offset + lengthBytes),
  };
}

async function attempt<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw new QuorateError('storage-failed', `cannot read ${path}: ${messageOf(error)}`, { cause: error });
  }
}

import { mkdir, open, readdir, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';

/**
 * Makes the folder and all above it that is missing, and makes that durable: a new name lives in its parent folder,
 * which needs an fsync of its own.
 */
export async function makeFolder(folder: string): Promise<void> {
  const first = await mkdir(folder, { recursive: true });
  if (first === undefined) return;
  const top = dirname(resolve(first));
  for (let parent = dirname(resolve(folder)); ; parent = dirname(parent)) {
    await syncFolder(parent);
    if (parent === top || parent === dirname(parent)) return;
  }
}

export async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return; // Cannot fsync a folder, and need not.
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Names of the files in it; none if it does not exist. */
export async function filesOf(folder: string): Promise<readonly string[]> {
  return readdir(folder).catch((error: unknown) => ifMissing(error, []));
}

/** Bytes of all files directly in it. A file that goes while we look counts for nothing. */
export async function sizeOfFolder(folder: string): Promise<number> {
  let sum = 0;
  for (const name of await filesOf(folder)) {
    sum += await stat(join(folder, name)).then(
      ({ size }) => size,
      (error: unknown) => ifMissing(error, 0),
    );
  }
  return sum;
}

function ifMissing<T>(error: unknown, instead: T): T {
  if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return instead;
  throw error;
}

import { lstat, rename, rm, rmdir } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { messageOf, QuorateError } from '../../base/index.js';
import { filesOf, makeFolder, syncFolder } from '../../storage/index.js';

/** Behind the name of the folder in which a data folder is being built. */
const buildingSuffix = '.restoring';

/** A folder that comes into being as a whole or not at all. */
export interface Target {
  /** Where to build it. A server refuses to start in it as long as it has no log. */
  readonly buildingFolder: string;
  /** Gives it its name. Durable once resolved. */
  finish(): Promise<void>;
  /** Removes what was built. */
  discard(): Promise<void>;
}

/** Errors: `storage-failed` if there is something already, which is never touched, or nothing can be made there. */
export async function prepareTarget(dataFolder: string): Promise<Target> {
  const folder = resolve(dataFolder);
  const buildingFolder = folder + buildingSuffix;
  const before = await kindOf(folder);
  if (before === 'something') {
    throw failed(`${folder} is there already, and is no folder: choose another data folder`);
  }
  if (before === 'folder' && (await attempt(folder, () => filesOf(folder))).length > 0) {
    throw failed(
      `${folder} is not empty: a snapshot is restored into a new data folder, never over an old one`,
    );
  }
  if ((await kindOf(buildingFolder)) !== 'nothing') {
    throw failed(
      `${buildingFolder} is there: another restore is building this data folder, or was interrupted. If none is running, ` +
        'remove it and try again',
    );
  }
  await attempt(buildingFolder, () => makeFolder(buildingFolder));
  return {
    buildingFolder,
    async finish() {
      await attempt(folder, async () => {
        if ((await kindOf(folder)) === 'folder') await rmdir(folder); // Fails unless it is still empty.
        await syncFolder(buildingFolder);
        await rename(buildingFolder, folder);
        await syncFolder(dirname(folder));
      });
    },
    discard: () => rm(buildingFolder, { recursive: true, force: true }),
  };
}

async function kindOf(path: string): Promise<'nothing' | 'folder' | 'something'> {
  try {
    return (await lstat(path)).isDirectory() ? 'folder' : 'something';
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return 'nothing';
    throw failed(`${path} cannot be looked at: ${messageOf(error)}`, error);
  }
}

async function attempt<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw failed(`${path} cannot be made: ${messageOf(error)}`, error);
  }
}

function failed(message: string, cause?: unknown): QuorateError {
  return new QuorateError('storage-failed', message, cause === undefined ? undefined : { cause });
}

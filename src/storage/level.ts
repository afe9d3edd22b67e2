import { rename, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { assert } from '../base/index.js';
import { filesOf, makeFolder, syncFolder } from './folders.js';
import type { Disk } from './kv.js';
import { corrupt, storageError } from './level-errors.js';
import { openLevelStore } from './level-store.js';

/** A store's folder with this at its end is being removed. */
const removedSuffix = '.removed';
const namePattern = /^[a-z0-9][a-z0-9-]*$/;

/**
 * The stores of one member as LevelDB databases, one folder each in `folder`, which is made when the first is opened.
 * Store names are of lower-case letters, digits and hyphens. Failures are QuorateErrors: `storage-failed` (in use by
 * another process, no right to write, disk full …) and `storage-corrupt`; their messages say what to do.
 */
export function openLevelDisk(folder: string): Disk {
  const root = resolve(folder);
  let prepared: Promise<void> | null = null;

  async function prepare(): Promise<void> {
    await makeFolder(root);
    for (const name of await filesOf(root)) {
      if (name.endsWith(removedSuffix)) await rm(join(root, name), { recursive: true, force: true });
    }
  }

  function pathOf(name: string): string {
    assert(namePattern.test(name), 'a store is named in lower-case letters, digits and hyphens');
    return join(root, name);
  }

  async function attempt<T>(path: string, work: () => Promise<T>): Promise<T> {
    try {
      await (prepared ??= prepare());
      return await work();
    } catch (error) {
      prepared = null;
      throw storageError(path, error);
    }
  }

  return {
    async open(name) {
      const path = pathOf(name);
      return attempt(path, async () => {
        await makeFolder(path);
        await assertWhole(path);
        return openLevelStore(path);
      });
    },

    async remove(name) {
      const path = pathOf(name);
      await attempt(path, async () => {
        if (!(await filesOf(root)).includes(name)) return;
        // Renamed first: a half removed database must never be opened, for LevelDB would read what is left as a new one.
        await rm(path + removedSuffix, { recursive: true, force: true });
        await rename(path, path + removedSuffix);
        await syncFolder(root);
        await rm(path + removedSuffix, { recursive: true, force: true });
      });
    },

    async list() {
      return attempt(root, async () => (await filesOf(root)).filter((name) => namePattern.test(name)).sort());
    },
  };
}

/**
 * LevelDB makes a new, empty database where CURRENT is missing, even among the files of an old one. It writes CURRENT
 * before any log or table, so these without it mean that something is gone.
 */
async function assertWhole(path: string): Promise<void> {
  const files = await filesOf(path);
  const old = files.some((file) => /^\d+\.(log|ldb|sst)$/.test(file));
  if (old && !files.includes('CURRENT')) throw corrupt(path, 'its file CURRENT is missing');
}

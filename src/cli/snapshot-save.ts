import { open, rename, rm } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';

import { QuorateError, messageOf } from '../base/index.js';
import type { SnapshotPart } from '../client/index.js';
import { inspectSnapshot } from '../member/index.js';
import { clientOptions, withClient } from './client-options.js';
import { defineCommand, exitCodes, takePositionals } from './command.js';
import type { Output } from './command.js';
import { sizeText } from './size-text.js';

const progressIntervalMs = 200;

export const snapshotSaveCommand = defineCommand({
  name: 'snapshot save',
  summary: 'Save the whole store of one member as a file',
  usage: ['[flags] FILE'],
  description: `Saves the state of one member, of the first endpoint that serves it, at one revision: keys with their
history, leases, users, roles, alarms. What comes is written to FILE.part, checked, and becomes FILE
when it is whole; a FILE that was there is replaced then. It takes as long as it takes: --timeout
does not count. The file holds all that the store does, so only you may read it.`,
  options: clientOptions,
  examples: [
    { command: 'quorate snapshot save backup.db', meaning: 'the local cluster' },
    {
      command: 'quorate snapshot save --endpoints 10.0.0.2:2379 backup.db',
      meaning: 'of a follower, so that the leader has its peace',
    },
  ],
  async run({ options, positionals, io }) {
    const [path] = takePositionals(positionals, ['FILE']);
    const part = `${path}.part`;
    try {
      await withFile(part, async (file) => {
        await withClient(options, io, async (client) => {
          await writeAll(file, client.snapshot({ signal: io.signal }), io.stderr);
        });
        await attempt(part, () => file.sync());
      });
      const summary = await inspectSnapshot(part);
      await attempt(path, () => rename(part, path));
      const { hash, revision, totalKeys, totalSizeBytes } = summary;
      const fields = { file: path, hash, revision, totalKey: totalKeys, totalSize: totalSizeBytes };
      const text = `saved ${path}: ${sizeText(totalSizeBytes)}, revision ${revision}\n`;
      await io.stdout.write(options.json ? `${JSON.stringify(fields)}\n` : text);
      return exitCodes.ok;
    } catch (error) {
      await rm(part, { force: true }).catch(() => undefined); // The first error is the one to tell.
      throw error;
    }
  },
});

async function withFile(path: string, use: (file: FileHandle) => Promise<void>): Promise<void> {
  const file = await attempt(path, () => open(path, 'w', 0o600));
  try {
    await use(file);
  } finally {
    await file.close();
  }
}

async function writeAll(file: FileHandle, parts: AsyncIterable<SnapshotPart>, stderr: Output): Promise<void> {
  let sizeBytes = 0;
  let shownMs = 0;
  for await (const { bytes, remainingSizeBytes } of parts) {
    await attempt('the file', () => file.writeFile(bytes));
    sizeBytes += bytes.length;
    if (!stderr.isTerminal || performance.now() - shownMs < progressIntervalMs) continue;
    shownMs = performance.now();
    await stderr.write(`\r\u001b[K${sizeText(sizeBytes)} of ${sizeText(sizeBytes + remainingSizeBytes)}`);
  }
  if (shownMs > 0) await stderr.write('\r\u001b[K');
}

async function attempt<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw new QuorateError('storage-failed', `${path} cannot be written: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

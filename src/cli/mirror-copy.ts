import { compareBytes, equalBytes } from '../base/index.js';
import type { Client, Entry, Page } from '../client/index.js';
import type { MirrorWriter } from './mirror-writer.js';

export interface MirrorCopy {
  readonly source: Client;
  readonly sourcePrefix: Uint8Array;
  readonly destination: Client;
  readonly destinationPrefix: Uint8Array;
  /** The key at the destination for one at the source. */
  readonly keyAt: (key: Uint8Array) => Uint8Array;
  readonly writer: MirrorWriter;
  /** Also delete what is only at the destination. */
  readonly deleteExtra: boolean;
  readonly signal: AbortSignal;
}

export interface MirrorCopied {
  /** Of the source, that all is as of now. */
  readonly revision: number;
  readonly keyCount: number;
  /** Keys that are only at the destination. */
  readonly extraCount: number;
}

/** Reads both sides page by page, in the order of their keys, and writes where they differ. */
export async function copyDifferences(copy: MirrorCopy): Promise<MirrorCopied> {
  const { source, sourcePrefix, destination, destinationPrefix, keyAt, writer, signal } = copy;
  const there = readAhead(destination.range({ prefix: destinationPrefix }, { signal }).pages());
  let extra = await there.next();
  let revision = 0;
  let keyCount = 0;
  let extraCount = 0;

  async function passExtra(): Promise<void> {
    if (extra === undefined) return;
    extraCount++;
    if (copy.deleteExtra) await writer.add([{ key: extra.key, value: undefined }]);
    extra = await there.next();
  }

  for await (const page of source.range({ prefix: sourcePrefix }, { signal }).pages()) {
    if (revision === 0) ({ revision } = page);
    for (const entry of page.entries) {
      const key = keyAt(entry.key);
      while (extra !== undefined && compareBytes(extra.key, key) < 0) await passExtra();
      keyCount++;
      const old = extra !== undefined && equalBytes(extra.key, key) ? extra : undefined;
      if (old === undefined || !isCopy(old, entry)) await writer.add([{ key, value: entry.value }]);
      if (old !== undefined) extra = await there.next();
    }
  }
  while (extra !== undefined) await passExtra();
  await writer.flush();
  return { revision, keyCount, extraCount };
}

/** A key that hangs on a lease would go some day, whatever the source says. */
function isCopy(there: Entry, entry: Entry): boolean {
  return there.lease === 0n && equalBytes(there.value, entry.value);
}

/** Entry by entry, without a promise for each within a page. */
function readAhead(pages: AsyncIterable<Page>): { next(): Promise<Entry | undefined> } {
  const iterator: AsyncIterator<Page, unknown> = pages[Symbol.asyncIterator]();
  let entries: readonly Entry[] = [];
  let taken = 0;
  return {
    async next() {
      while (taken >= entries.length) {
        const result = await iterator.next();
        if (result.done === true) return undefined;
        ({ entries } = result.value);
        taken = 0;
      }
      return entries[taken++];
    },
  };
}

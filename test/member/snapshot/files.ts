import { createHash } from 'node:crypto';
import { memorySource, openBbolt } from '../../../src/bbolt/index.js';
import { readContent } from '../../../src/member/etcd-file/index.js';
import type { FileContent } from '../../../src/member/etcd-file/index.js';
import type { Member, SnapshotFile } from '../../../src/member/index.js';
import { decodeKeyValue, parseRecordKey } from '../../../src/mvcc/index.js';
import type { KeyValue } from '../../../src/mvcc/index.js';
import type { World } from '../world.js';

/** A file with all that a state can hold. */
export interface ReadFile extends FileContent {
  readonly records: readonly (KeyValue & { readonly main: number; readonly sub: number })[];
}

export async function contentsOf(file: Uint8Array): Promise<ReadFile> {
  const records: (KeyValue & { readonly main: number; readonly sub: number })[] = [];
  const content = await readContent(await openBbolt(memorySource(file)), async ([key, value]) => {
    const { main, sub } = parseRecordKey(key);
    records.push({ ...decodeKeyValue(value), main, sub });
  });
  return { ...content, records };
}

/** The pages, without a checksum. */
export async function bytesOf(file: SnapshotFile): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of file.chunks) chunks.push(chunk);
  return Buffer.concat(chunks);
}

export async function takeFile(world: World, member: Member): Promise<Buffer> {
  const file = await world.settle(member.maintenance.snapshotFile());
  return world.settle(bytesOf(file));
}

export function sealed(pages: Uint8Array): Buffer {
  return Buffer.concat([pages, createHash('sha256').update(pages).digest()]);
}

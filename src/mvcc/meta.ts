import { crc32c, QuorateError } from '../base/index.js';
import type { StoreReader } from '../storage/index.js';
import { createByteReader } from './byte-reader.js';
import type { ByteReader } from './byte-reader.js';
import { createByteWriter } from './byte-writer.js';
import type { ByteWriter } from './byte-writer.js';
import type { Inventory } from './inventory.js';
import type { MemberRecord, Membership, StateMeta } from './types.js';

/*
 * What the state store says about itself: one record, under the key `meta`, in every batch.
 *
 *   meta          = version applied-term applied-index revision compact-revision membership inventory checksum
 *   membership    = configuration members removed
 *   configuration = voters outgoing learners learners-next     four lists of ids
 *   members       = count (id name peer-urls client-urls flags)*     flags: 1 learner
 *   inventory     = count sum                                  see inventory.ts
 *   list          = count text*
 *
 *   version is the byte 2; numbers are varints, the compact revision a signed one (−1: never compacted); text is its
 *   length and its UTF-8 bytes; checksum is the CRC-32C of all before it, four bytes, big-endian.
 */
const formatVersion = 2;
const checksumSizeBytes = 4;

export interface Description {
  readonly meta: StateMeta;
  readonly inventory: Inventory;
}

export const metaKey: Uint8Array = Buffer.from('meta');

export function encodeMeta(meta: StateMeta, inventory: Inventory): Buffer {
  const writer = createByteWriter();
  writer.byte(formatVersion);
  writer.uint(meta.applied.term);
  writer.uint(meta.applied.index);
  writer.uint(meta.revision);
  writer.int(meta.compactRevision);
  writeMembership(writer, meta.membership);
  writer.uint(inventory.count);
  writer.uint(inventory.sum);
  const body = writer.finish();
  const checksum = Buffer.alloc(checksumSizeBytes);
  checksum.writeUInt32BE(crc32c(body));
  return Buffer.concat([body, checksum]);
}

/** Throws `storage-corrupt` for bytes that are not whole, and for a format of a later version. */
export function decodeMeta(bytes: Uint8Array): Description {
  const buffer = Buffer.from(bytes);
  const bodySizeBytes = buffer.length - checksumSizeBytes;
  if (bodySizeBytes < 1 || buffer.readUInt32BE(bodySizeBytes) !== crc32c(buffer.subarray(0, bodySizeBytes))) {
    throw new QuorateError(
      'storage-corrupt',
      'the description of the stored state does not match its checksum: the disk or its files are damaged',
    );
  }
  const reader = createByteReader(buffer.subarray(0, bodySizeBytes), 'the description of the stored state');
  const version = reader.byte();
  if (version !== formatVersion) {
    throw reader.fail(`format ${version} is not known to this program, only ${formatVersion}`);
  }
  const meta: StateMeta = {
    applied: { term: reader.uint(), index: reader.uint() },
    revision: reader.uint(),
    compactRevision: reader.int(),
    membership: readMembership(reader),
  };
  const inventory = { count: reader.uint(), sum: reader.uint() };
  reader.end();
  return { meta, inventory };
}

/** What a state store or a snapshot of one says about itself; null: it holds none. Throws `storage-corrupt`. */
export function readDescription(reader: StoreReader): Description | null {
  const bytes = reader.getSync(metaKey);
  return bytes === undefined ? null : decodeMeta(bytes);
}

/** The same without what is only for the store's own eyes. */
export function readStateMeta(reader: StoreReader): StateMeta | null {
  return readDescription(reader)?.meta ?? null;
}

function writeMembership(writer: ByteWriter, membership: Membership): void {
  const { configuration, members, removed } = membership;
  writeList(writer, configuration.voters);
  writeList(writer, configuration.outgoing);
  writeList(writer, configuration.learners);
  writeList(writer, configuration.learnersNext);
  writer.uint(members.length);
  for (const member of members) {
    writer.text(member.id);
    writer.text(member.name);
    writeList(writer, member.peerUrls);
    writeList(writer, member.clientUrls);
    writer.byte(member.isLearner ? 1 : 0);
  }
  writeList(writer, removed);
}

function readMembership(reader: ByteReader): Membership {
  const configuration = {
    voters: readList(reader),
    outgoing: readList(reader),
    learners: readList(reader),
    learnersNext: readList(reader),
  };
  const members: MemberRecord[] = [];
  for (let count = reader.uint(); count > 0; count--) {
    members.push({
      id: reader.text(),
      name: reader.text(),
      peerUrls: readList(reader),
      clientUrls: readList(reader),
      isLearner: reader.byte() === 1,
    });
  }
  return { configuration, members, removed: readList(reader) };
}

function writeList(writer: ByteWriter, items: readonly string[]): void {
  writer.uint(items.length);
  for (const item of items) writer.text(item);
}

function readList(reader: ByteReader): string[] {
  const items: string[] = [];
  for (let count = reader.uint(); count > 0; count--) items.push(reader.text());
  return items;
}

import { createHash } from 'node:crypto';
import { QuorateError } from '../../base/index.js';
import type { FileSource } from '../../bbolt/index.js';

const digestSizeBytes = 32;
/** A file of whole pages has a multiple of it. */
const sectorSizeBytes = 512;

/** Whether a digest follows the file's pages: a copy of a member's own file has none. */
export function hasDigest(sizeBytes: number): boolean {
  return sizeBytes % sectorSizeBytes === digestSizeBytes;
}

/**
 * SHA-256 of the file's pages, compared with the digest behind them, which a file needs unless `skipCheck` is set. Errors:
 * `storage-corrupt`.
 */
export async function checkDigest(source: FileSource, skipCheck: boolean): Promise<Buffer> {
  const { name, sizeBytes } = source;
  const isSealed = hasDigest(sizeBytes);
  if (!isSealed && !skipCheck) {
    throw new QuorateError(
      'storage-corrupt',
      `${name} does not end in a checksum: it was cut short, or copied out of a data folder rather than saved as a ` +
        'snapshot. If it was copied from a member that was stopped, say --skip-hash-check',
    );
  }
  const pagesSizeBytes = isSealed ? sizeBytes - digestSizeBytes : sizeBytes;
  const hash = createHash('sha256');
  const tail: Buffer[] = [];
  let offset = 0;
  for await (const piece of source.pieces()) {
    hash.update(piece.subarray(0, Math.max(0, pagesSizeBytes - offset)));
    tail.push(Buffer.from(piece.subarray(Math.max(0, pagesSizeBytes - offset))));
    offset += piece.length;
  }
  const digest = hash.digest();
  if (isSealed && !skipCheck && !digest.equals(Buffer.concat(tail))) {
    throw new QuorateError(
      'storage-corrupt',
      `${name} does not match the checksum at its end: it was damaged or altered. Take another copy, or a new snapshot`,
    );
  }
  return digest;
}

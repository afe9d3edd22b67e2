import { asBuffer, crc32c, QuorateError } from '../base/index.js';

/*
 * Every value of the state store but its description ends in a checksum: the CRC-32C of its key and its content, four bytes,
 * big-endian. LevelDB's own does not tell a value that was written to another place, or an older one of the same key.
 *
 * Example: key 74 6c 07, content 0a: the value is 0a and the CRC-32C of `74 6c 07 0a`.
 */
const checksumSizeBytes = 4;

export function seal(key: Uint8Array, content: Uint8Array): Buffer {
  const sealed = Buffer.allocUnsafe(content.length + checksumSizeBytes);
  sealed.set(content);
  sealed.writeUInt32BE(crc32c(content, crc32c(key)), content.length);
  return sealed;
}

/** The content, as a view into the value. Throws `storage-corrupt`, naming the key, for a value that is not whole. */
export function unseal(key: Uint8Array, value: Uint8Array): Buffer {
  const buffer = asBuffer(value);
  const sizeBytes = buffer.length - checksumSizeBytes;
  const content = buffer.subarray(0, Math.max(0, sizeBytes));
  if (sizeBytes < 0 || buffer.readUInt32BE(sizeBytes) !== crc32c(content, crc32c(key))) {
    const name = asBuffer(key).toString('hex');
    throw new QuorateError(
      'storage-corrupt',
      `the stored value of ${name} does not match its checksum: the disk or its files are damaged`,
    );
  }
  return content;
}

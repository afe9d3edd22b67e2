import { readUint64, writeUint64 } from '../base/index.js';

/**
 * What stands in the `data` of a normal log entry:
 *
 *     envelope := incarnation: 8 bytes, sequence: 8 bytes big-endian, command: the rest
 *
 * `incarnation` is drawn anew at every start of a member, `sequence` counts its proposals: together they tell the
 * member that waits for this entry that it is its own, and nobody else.
 */
export const envelopeHeaderSizeBytes = 16;

/** One run of one member's process, as two random 32-bit numbers. */
export interface Incarnation {
  readonly high: number;
  readonly low: number;
}

export function sealEnvelope(incarnation: Incarnation, sequence: number, command: Uint8Array): Buffer {
  const sealed = Buffer.allocUnsafe(envelopeHeaderSizeBytes + command.length);
  sealed.writeUInt32BE(incarnation.high, 0);
  sealed.writeUInt32BE(incarnation.low, 4);
  writeUint64(sealed, sequence, 8);
  sealed.set(command, envelopeHeaderSizeBytes);
  return sealed;
}

/** The sequence number if this incarnation proposed the entry, else null. */
export function sequenceIfOwn(envelope: Buffer, incarnation: Incarnation): number | null {
  const own = envelope.readUInt32BE(0) === incarnation.high && envelope.readUInt32BE(4) === incarnation.low;
  return own ? readUint64(envelope, 8) : null;
}

export function commandOf(envelope: Buffer): Buffer {
  return envelope.subarray(envelopeHeaderSizeBytes);
}

import { asBuffer, QuorateError } from '../../base/index.js';

/** The little of protobuf that etcd's small records need: numbers and bytes. Fields that say nothing are left out. */
export function uint64Field(field: number, value: bigint): Buffer {
  return value === 0n ? Buffer.alloc(0) : Buffer.concat([varint(BigInt(field << 3)), varint(value)]);
}

export function int64Field(field: number, value: bigint): Buffer {
  return uint64Field(field, BigInt.asUintN(64, value));
}

export function bytesField(field: number, value: Uint8Array): Buffer {
  return value.length === 0 ? Buffer.alloc(0) : messageField(field, value);
}

/** Even an empty message stands there. */
export function messageField(field: number, value: Uint8Array): Buffer {
  return Buffer.concat([varint(BigInt((field << 3) | 2)), varint(BigInt(value.length)), value]);
}

function varint(value: bigint): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 0x7fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  bytes.push(Number(rest));
  return Buffer.from(bytes);
}

/** One field as it stands in a message; a number for the wire types 0, 1 and 5, else bytes. */
export type Field =
  | { readonly field: number; readonly type: 'number'; readonly value: bigint }
  | { readonly field: number; readonly type: 'bytes'; readonly value: Buffer };

/** The fields of a message, in order. `what` names it in errors: `storage-corrupt` for bytes that are no message. */
export function readFields(bytes: Uint8Array, what: string): readonly Field[] {
  const buffer = asBuffer(bytes);
  const fields: Field[] = [];
  let offset = 0;

  function malformed(): QuorateError {
    return new QuorateError('storage-corrupt', `${what} cannot be read: it is malformed at byte ${offset}`);
  }

  function readVarint(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = buffer[offset];
      if (byte === undefined) throw malformed();
      offset++;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asUintN(64, value);
    }
    throw malformed();
  }

  function take(sizeBytes: number): Buffer {
    if (sizeBytes > buffer.length - offset) throw malformed();
    offset += sizeBytes;
    return buffer.subarray(offset - sizeBytes, offset);
  }

  while (offset < buffer.length) {
    const tag = Number(readVarint());
    const field = Math.floor(tag / 8);
    switch (tag % 8) {
      case 0:
        fields.push({ field, type: 'number', value: readVarint() });
        break;
      case 1:
        fields.push({ field, type: 'number', value: take(8).readBigUInt64LE(0) });
        break;
      case 2:
        fields.push({ field, type: 'bytes', value: take(Number(readVarint())) });
        break;
      case 5:
        fields.push({ field, type: 'number', value: BigInt(take(4).readUInt32LE(0)) });
        break;
      default:
        throw malformed();
    }
  }
  return fields;
}

/** The field's number, 0 without it; of several the last counts. */
export function numberOf(fields: readonly Field[], field: number): bigint {
  const found = fields.findLast((each) => each.field === field && each.type === 'number');
  return found?.type === 'number' ? found.value : 0n;
}

/** All that the field holds, in order. */
export function bytesOf(fields: readonly Field[], field: number): readonly Buffer[] {
  return fields.flatMap((each) => (each.field === field && each.type === 'bytes' ? [each.value] : []));
}

export function textOf(fields: readonly Field[], field: number): string {
  return bytesOf(fields, field).at(-1)?.toString('utf8') ?? '';
}

import Long from 'long';

import { asBuffer, emptyBytes } from '../base/index.js';
import type { etcdserverpb, mvccpb } from '../gen/protos.js';

/**
 * A key and its value at one revision. Both are bytes; these read them as text:
 *
 *     const entry = await client.get('config/colour');
 *     entry?.text;         // 'blue'
 *     entry?.modRevision;  // 17: when it was last written
 */
export interface Entry {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
  /** The revision that created the key, and the one that last wrote it. */
  readonly createRevision: number;
  readonly modRevision: number;
  /** Writes since the key was created, that one included. */
  readonly version: number;
  /** 0n: none. */
  readonly lease: bigint;
  /** The key as UTF-8 text; what is no UTF-8 becomes U+FFFD. */
  readonly keyText: string;
  /** The value, likewise. */
  readonly text: string;
  /** The value, parsed as JSON. Throws SyntaxError. */
  json(): unknown;
}

/** What the generated code makes of a 64-bit field. */
export type WireInteger = number | { toNumber(): number; toBigInt(): bigint } | null | undefined;

/** For revisions, counts and the like, which stay below 2^53. */
export function toNumber(value: WireInteger): number {
  if (value === null || value === undefined) return 0;
  return typeof value === 'number' ? value : value.toNumber();
}

/** For ids, which use all 64 bits. */
export function toBigInt(value: WireInteger): bigint {
  if (value === null || value === undefined) return 0n;
  return typeof value === 'number' ? BigInt(value) : value.toBigInt();
}

/** A lease, or its id. */
export type LeaseLike = bigint | { readonly id: bigint };

export function leaseIdOf(lease: LeaseLike): bigint {
  return typeof lease === 'bigint' ? lease : lease.id;
}

type WireLease = NonNullable<etcdserverpb.PutRequest.$Properties['lease']>;

export function wireLease(lease: bigint): WireLease {
  const id: unknown = Long.fromBigInt(lease);
  return id as WireLease; // The generated types name this class by its CommonJS face, which lint takes for another.
}

export function entryOf(wire: mvccpb.KeyValue.$Properties): Entry {
  return new WireEntry(wire);
}

/** A class, because pages hold thousands: the accessors live on the prototype. */
class WireEntry implements Entry {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
  readonly createRevision: number;
  readonly modRevision: number;
  readonly version: number;
  readonly lease: bigint;

  constructor(wire: mvccpb.KeyValue.$Properties) {
    this.key = wire.key ?? emptyBytes;
    this.value = wire.value ?? emptyBytes;
    this.createRevision = toNumber(wire.createRevision);
    this.modRevision = toNumber(wire.modRevision);
    this.version = toNumber(wire.version);
    this.lease = toBigInt(wire.lease);
  }

  get keyText(): string {
    return asBuffer(this.key).toString('utf8');
  }

  get text(): string {
    return asBuffer(this.value).toString('utf8');
  }

  json(): unknown {
    return JSON.parse(this.text);
  }
}

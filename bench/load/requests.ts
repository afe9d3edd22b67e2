import type { Random } from '../../src/base/index.js';
import { etcdserverpb } from '../../src/gen/protos.js';
import { frame, paths } from '../grpc.js';
import type { OutgoingMessage } from './connection.js';

/** What a load consists of. Both systems get the same bytes. */
export type RequestSpec =
  | { readonly kind: 'put'; readonly valueBytes: number }
  | { readonly kind: 'get'; readonly serializable: boolean }
  /** Compares the key's version (it holds), puts the key and gets it. */
  | { readonly kind: 'txn'; readonly valueBytes: number }
  /** As many neighbours from the key on. */
  | { readonly kind: 'range'; readonly keys: number }
  /** A transaction that puts as many neighbours from the key on: to load much in a short time. */
  | { readonly kind: 'fill'; readonly keys: number; readonly valueBytes: number };

/** A request that is encoded once, and again only in the digits of its keys and in its values. */
export interface RequestTemplate extends OutgoingMessage {
  /** Makes it about this key; values are other random bytes each time. */
  about(keyNumber: number): void;
}

const keyDigits = 10;
const poolSizeBytes = 1024 * 1024;

/** `k-0000000042` with the prefix `k-`. */
export function keyText(prefix: string, keyNumber: number): string {
  return prefix + String(keyNumber).padStart(keyDigits, '0');
}

/** Random bytes, so that no store can make them smaller. */
export function randomBytes(sizeBytes: number, random: Random): Buffer {
  const bytes = Buffer.allocUnsafe(sizeBytes);
  for (let at = 0; at < sizeBytes; at++) bytes[at] = random.nextUint32() & 0xff;
  return bytes;
}

export function createValuePool(random: Random): Buffer {
  return randomBytes(poolSizeBytes, random);
}

interface Place {
  readonly at: number;
  /** Added to the number of the key that the request is about. */
  readonly offset: number;
}

export function createTemplate(
  spec: RequestSpec,
  prefix: string,
  values: { readonly pool: Buffer; readonly random: Random },
): RequestTemplate {
  const { path, message, keyOffsets, valueBytes } = draft(spec, prefix);
  const bytes = frame(message);
  const keyPlaces = keyOffsets.flatMap((offset) =>
    placesOf(bytes, Buffer.from(keyText(prefix, offset))).map((at): Place => ({
      at: at + prefix.length,
      offset,
    })),
  );
  const valuePlaces = valueBytes === 0 ? [] : placesOf(bytes, placeholder(valueBytes));
  return {
    path,
    bytes,
    about(keyNumber) {
      for (const { at, offset } of keyPlaces) writeDigits(bytes, at, keyNumber + offset);
      for (const at of valuePlaces) {
        const from = values.random.below(values.pool.length - valueBytes);
        values.pool.copy(bytes, at, from, from + valueBytes);
      }
    },
  };
}

/** The request about key 0, with placeholders for values. */
function draft(
  spec: RequestSpec,
  prefix: string,
): { path: string; message: Uint8Array; keyOffsets: readonly number[]; valueBytes: number } {
  const keyOf = (keyNumber: number): Buffer => Buffer.from(keyText(prefix, keyNumber));
  const key = keyOf(0);
  switch (spec.kind) {
    case 'put': {
      const { valueBytes } = spec;
      const message = etcdserverpb.PutRequest.encode({ key, value: placeholder(valueBytes) }).finish();
      return { path: paths.put, message, keyOffsets: [0], valueBytes };
    }
    case 'get': {
      const message = etcdserverpb.RangeRequest.encode({ key, serializable: spec.serializable }).finish();
      return { path: paths.range, message, keyOffsets: [0], valueBytes: 0 };
    }
    case 'range': {
      const message = etcdserverpb.RangeRequest.encode({ key, rangeEnd: keyOf(spec.keys) }).finish();
      return { path: paths.range, message, keyOffsets: [0, spec.keys], valueBytes: 0 };
    }
    case 'txn': {
      const { valueBytes } = spec;
      const { CompareTarget, CompareResult } = etcdserverpb.Compare;
      const message = etcdserverpb.TxnRequest.encode({
        compare: [{ key, target: CompareTarget.VERSION, result: CompareResult.GREATER, version: -1 }],
        success: [{ requestPut: { key, value: placeholder(valueBytes) } }, { requestRange: { key } }],
      }).finish();
      return { path: paths.txn, message, keyOffsets: [0], valueBytes };
    }
    case 'fill': {
      const { valueBytes } = spec;
      const offsets = Array.from({ length: spec.keys }, (_, index) => index);
      const success = offsets.map((offset) => ({
        requestPut: { key: keyOf(offset), value: placeholder(valueBytes) },
      }));
      const message = etcdserverpb.TxnRequest.encode({ success }).finish();
      return { path: paths.txn, message, keyOffsets: offsets, valueBytes };
    }
  }
}

function placeholder(sizeBytes: number): Buffer {
  return Buffer.alloc(sizeBytes, 0xff);
}

function placesOf(bytes: Buffer, part: Buffer): number[] {
  const places: number[] = [];
  for (let at = bytes.indexOf(part); at >= 0; at = bytes.indexOf(part, at + part.length)) places.push(at);
  return places;
}

function writeDigits(into: Buffer, at: number, value: number): void {
  let rest = value;
  for (let place = at + keyDigits - 1; place >= at; place--) {
    const less = Math.floor(rest / 10);
    into[place] = 48 + rest - less * 10;
    rest = less;
  }
}

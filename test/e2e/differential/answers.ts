import type { ServiceError } from '@grpc/grpc-js';
import Long from 'long';
import { etcdserverpb } from '../../../src/gen/protos.js';
import type { RawClient } from '../../../bench/grpc.js';
import type { Plan } from './requests.js';

/** What a client sees: a status with its sentence, or a response without what names the member that gave it. */
export interface Answer {
  readonly status: number;
  /** The error's text, or the response as JSON; bytes as latin-1 strings. */
  readonly content: string;
  /** The store's revision if the answer told it. */
  readonly revision: number | null;
}

const responses = {
  Range: etcdserverpb.RangeResponse,
  Put: etcdserverpb.PutResponse,
  DeleteRange: etcdserverpb.DeleteRangeResponse,
  Txn: etcdserverpb.TxnResponse,
  Compact: etcdserverpb.CompactionResponse,
} as const;

export async function ask(client: RawClient, method: Plan['method'], message: Uint8Array): Promise<Answer> {
  try {
    const bytes = await client.call(`/etcdserverpb.KV/${method}`, message, 10_000);
    const response = responses[method].decode(bytes);
    const revision = Number(response.header?.revision ?? 0);
    response.header = { revision };
    return { status: 0, content: JSON.stringify(response, readable, 1), revision };
  } catch (error) {
    if (!isServiceError(error)) throw error;
    return { status: error.code, content: error.details, revision: null };
  }
}

function isServiceError(error: unknown): error is ServiceError {
  return error instanceof Error && 'code' in error && 'details' in error;
}

/** Bytes and 64-bit numbers in a form that a person can compare. */
function readable(_: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const encoded = value as { readonly type?: unknown; readonly data?: unknown };
  if (encoded.type === 'Buffer' && Array.isArray(encoded.data)) {
    return Buffer.from(encoded.data as number[]).toString('latin1');
  }
  return Long.isLong(value) ? value.toString() : value;
}

import { Client, credentials } from '@grpc/grpc-js';
import { etcdserverpb } from '../src/gen/protos.js';

/** A gRPC message as it travels: one byte for "not compressed", the length, the message. */
export function frame(message: Uint8Array): Buffer {
  const framed = Buffer.alloc(5 + message.length);
  framed.writeUInt32BE(message.length, 1);
  framed.set(message, 5);
  return framed;
}

export function putBody(key: string, value: Uint8Array): Uint8Array {
  return etcdserverpb.PutRequest.encode({ key: Buffer.from(key), value }).finish();
}

export function rangeBody(key: string, options: { readonly serializable: boolean }): Uint8Array {
  return etcdserverpb.RangeRequest.encode({ key: Buffer.from(key), ...options }).finish();
}

export const paths = {
  put: '/etcdserverpb.KV/Put',
  range: '/etcdserverpb.KV/Range',
  txn: '/etcdserverpb.KV/Txn',
  watch: '/etcdserverpb.Watch/Watch',
  status: '/etcdserverpb.Maintenance/Status',
  compact: '/etcdserverpb.KV/Compact',
} as const;

/** Bytes in, bytes out: for either system, with no client library in between. */
export interface RawClient {
  call(path: string, message: Uint8Array, timeoutMs: number): Promise<Buffer>;
  close(): void;
}

export function openRawClient(endpoint: string): RawClient {
  const options = { 'grpc.initial_reconnect_backoff_ms': 50, 'grpc.max_reconnect_backoff_ms': 100 };
  const client = new Client(endpoint, credentials.createInsecure(), options);
  const identity = (bytes: Buffer): Buffer => bytes;
  return {
    call: (path, message, timeoutMs) =>
      new Promise((resolve, reject) => {
        const request = Buffer.from(message);
        const deadline = Date.now() + timeoutMs;
        client.makeUnaryRequest(path, identity, identity, request, { deadline }, (error, response) => {
          if (error !== null) reject(error);
          else resolve(response ?? Buffer.alloc(0));
        });
      }),
    close: () => client.close(),
  };
}

import { Client, credentials, Metadata } from '@grpc/grpc-js';
import { once } from 'node:events';

/** How a call ended: the answer's bytes, or the status. */
export type Outcome =
  | { readonly ok: true; readonly bytes: Buffer }
  | { readonly ok: false; readonly code: number; readonly message: string };

/** Sends raw bytes as gRPC calls, through another implementation of gRPC than the server's. */
export interface RawClient {
  call(path: string, request: Uint8Array, metadata?: Readonly<Record<string, string>>): Promise<Outcome>;
  /** All answers of a call with many, until it ends. */
  stream(
    path: string,
    request: Uint8Array,
  ): { readonly answers: AsyncIterable<Buffer>; readonly cancel: () => void };
  close(): void;
}

export function connectRaw(address: string): RawClient {
  const client = new Client(address.replace('http://', ''), credentials.createInsecure(), {
    'grpc.max_receive_message_length': -1,
    'grpc.max_send_message_length': -1,
    'grpc.use_local_subchannel_pool': 1,
  });
  return {
    async call(path, request, entries = {}) {
      const metadata = new Metadata();
      for (const [name, value] of Object.entries(entries)) metadata.set(name, value);
      return new Promise((resolve) => {
        client.makeUnaryRequest(path, asIs, asIs, Buffer.from(request), metadata, (error, bytes) => {
          if (error !== null) resolve({ ok: false, code: error.code, message: error.details });
          else resolve({ ok: true, bytes: bytes ?? Buffer.alloc(0) });
        });
      });
    },
    stream(path, request) {
      const call = client.makeServerStreamRequest(path, asIs, asIs, Buffer.from(request), new Metadata());
      return { answers: call as AsyncIterable<Buffer>, cancel: () => call.cancel() };
    },
    close: () => client.close(),
  };
}

/** What a connection answers to these bytes, up to its end. */
export async function readToEnd(socket: NodeJS.ReadableStream): Promise<string> {
  let text = '';
  socket.on('data', (bytes: Buffer) => (text += bytes.toString('latin1')));
  await once(socket, 'close');
  return text;
}

function asIs(bytes: Buffer): Buffer {
  return bytes;
}

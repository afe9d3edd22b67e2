import { Client, credentials, Metadata, status } from '@grpc/grpc-js';
import type { ServiceError } from '@grpc/grpc-js';
import { CallError, grpcCodes } from '../../store/index.js';
import type { ByteStream, Transport } from '../../store/index.js';

/** Connections to real members. */
export interface GrpcTransport extends Transport {
  /** Who may be asked from now on: `127.0.0.1:2379` by name. */
  readdress(endpoints: ReadonlyMap<string, string>): void;
  close(): void;
}

const options = {
  'grpc.initial_reconnect_backoff_ms': 50,
  'grpc.max_reconnect_backoff_ms': 500,
  // No request is ever sent twice without the recorder knowing.
  'grpc.enable_retries': 0,
  'grpc.service_config_disable_resolution': 1,
  'grpc.max_receive_message_length': -1,
  'grpc.use_local_subchannel_pool': 1,
};
const identity = (bytes: Buffer): Buffer => bytes;

export function createGrpcTransport(): GrpcTransport {
  let endpoints: ReadonlyMap<string, string> = new Map();
  const clients = new Map<string, Client>();

  function clientOf(member: string): Client {
    const endpoint = endpoints.get(member);
    if (endpoint === undefined) throw new CallError(grpcCodes.unavailable, 'connection refused');
    let client = clients.get(endpoint);
    if (client === undefined) {
      client = new Client(endpoint, credentials.createInsecure(), options);
      clients.set(endpoint, client);
    }
    return client;
  }

  return {
    get members() {
      return [...endpoints.keys()];
    },
    readdress: (changed) => void (endpoints = changed),
    call: (member, path, message, { timeoutMs, token }) =>
      new Promise((resolve, reject) => {
        const request = Buffer.from(message);
        const limits = { deadline: Date.now() + timeoutMs };
        clientOf(member).makeUnaryRequest(
          path,
          identity,
          identity,
          request,
          metadataOf(token),
          limits,
          (error: ServiceError | null, answer?: Buffer) => {
            if (error !== null) reject(callError(error));
            else resolve(answer ?? Buffer.alloc(0));
          },
        );
      }),
    open(member, path, { token }) {
      if (!endpoints.has(member)) return nowhere;
      const client = clientOf(member);
      return streamOf(client.makeBidiStreamRequest(path, identity, identity, metadataOf(token)));
    },
    close() {
      for (const client of clients.values()) client.close();
    },
  };
}

/** To a member that is not there any more. */
const nowhere: ByteStream = {
  send: () => undefined,
  next: () => Promise.reject(new CallError(grpcCodes.unavailable, 'connection refused')),
  cancel: () => undefined,
};

type Duplex = ReturnType<typeof Client.prototype.makeBidiStreamRequest<Buffer, Buffer>>;

/** Read only when somebody asks for the next message: what nobody reads waits at the server. */
function streamOf(stream: Duplex): ByteStream {
  let over: { readonly error: CallError | null } | null = null;
  let wake: (() => void) | null = null;
  const look = (): void => wake?.();
  stream.on('readable', look);
  stream.on('end', () => {
    over ??= { error: null };
    look();
  });
  stream.on('error', (error: ServiceError) => {
    over = { error: callError(error) };
    look();
  });
  return {
    send: (message) => void stream.write(Buffer.from(message)),
    async next() {
      for (;;) {
        const answer = stream.read() as Buffer | null;
        if (answer !== null) return answer;
        if (over !== null) {
          if (over.error !== null) throw over.error;
          return null;
        }
        await new Promise<void>((resolve) => (wake = resolve));
        wake = null;
      }
    },
    cancel: () => stream.cancel(),
  };
}

function metadataOf(token: string | null): Metadata {
  const metadata = new Metadata();
  if (token !== null) metadata.set('token', token);
  return metadata;
}

/** A call that found no connection was never sent. */
function callError({ code, details }: ServiceError): CallError {
  const isUnsent = code === status.UNAVAILABLE && unsent.test(details);
  return new CallError(code, isUnsent ? 'connection refused' : details);
}

const unsent = /^No connection established|^Name resolution failed|^Failed to connect/;

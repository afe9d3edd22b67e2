import { once } from 'node:events';
import { createServer } from 'node:http2';
import type { ServerHttp2Session, ServerHttp2Stream } from 'node:http2';
import { onTestFinished } from 'vitest';

import { etcdserverpb } from '../../src/gen/protos.js';

/** What a fake member does with a request; it has read all of it. */
export type Behaviour = (stream: ServerHttp2Stream) => void;

/** A member in name only: it answers as a test tells it to, and counts. */
export interface FakeMember {
  readonly endpoint: string;
  /** Requests that were read whole. */
  readonly requests: readonly string[];
  /** Connections open now. */
  readonly connectionCount: number;
  behave(behaviour: Behaviour): void;
}

export async function startFakeMember(behaviour: Behaviour): Promise<FakeMember> {
  let current = behaviour;
  const requests: string[] = [];
  const sessions = new Set<ServerHttp2Session>();
  const server = createServer();
  server.on('session', (session) => {
    sessions.add(session);
    session.on('error', () => undefined);
    session.on('close', () => sessions.delete(session));
  });
  server.on('stream', (stream, headers) => {
    stream.on('error', () => undefined);
    stream.on('end', () => {
      requests.push(headers[':path'] ?? '');
      current(stream);
    });
    stream.resume();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    for (const session of sessions) session.destroy();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a server on a port');
  return {
    endpoint: `127.0.0.1:${address.port}`,
    requests,
    get connectionCount() {
      return sessions.size;
    },
    behave(next) {
      current = next;
    },
  };
}

/** Answers a put at this revision. (For a get, the same bytes say: no such key.) */
export function answer(revision = 7): Behaviour {
  return answerBytes(etcdserverpb.PutResponse.encode({ header: { revision } }).finish());
}

export function answerBytes(message: Uint8Array): Behaviour {
  return (stream) => {
    const prefix = Buffer.alloc(5);
    prefix.writeUInt32BE(message.length, 1);
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
    stream.end(Buffer.concat([prefix, message]));
  };
}

/** Refuses as etcd does: a status and nothing else. */
export function refuse(status: number, message: string): Behaviour {
  return (stream) => {
    const headers = { ':status': 200, 'content-type': 'application/grpc' };
    stream.respond(
      { ...headers, 'grpc-status': String(status), 'grpc-message': encodeURIComponent(message) },
      { endStream: true },
    );
  };
}

/** The connection breaks after the request was read: nobody can tell what became of it. */
export const dropConnection: Behaviour = (stream) => stream.session?.destroy();

/** Never answers. */
export const hang: Behaviour = () => undefined;

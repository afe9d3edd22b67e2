import { Agent, request as httpRequest } from 'node:http';
import { Client, credentials, Metadata } from '@grpc/grpc-js';
import type { ClientDuplexStream } from '@grpc/grpc-js';
import protobuf from 'protobufjs';
import { schema } from '../../../src/gen/schema.js';

/** A method of etcd's API: where it is, over gRPC and over HTTP, and what its messages look like. */
export interface Method {
  readonly path: string;
  readonly httpPath: string;
  readonly request: protobuf.Type;
  readonly response: protobuf.Type;
}

const root = protobuf.Root.fromJSON(schema);
root.resolveAll();

const httpPaths = {
  'KV/Range': 'kv/range',
  'KV/Put': 'kv/put',
  'KV/DeleteRange': 'kv/deleterange',
  'KV/Txn': 'kv/txn',
  'KV/Compact': 'kv/compaction',
  'Watch/Watch': 'watch',
  'Lease/LeaseGrant': 'lease/grant',
  'Lease/LeaseRevoke': 'lease/revoke',
  'Lease/LeaseKeepAlive': 'lease/keepalive',
  'Lease/LeaseTimeToLive': 'lease/timetolive',
  'Lease/LeaseLeases': 'lease/leases',
  'Cluster/MemberList': 'cluster/member/list',
  'Maintenance/Alarm': 'maintenance/alarm',
  'Maintenance/Status': 'maintenance/status',
  'Maintenance/HashKV': 'maintenance/hashkv',
  'Maintenance/Defragment': 'maintenance/defragment',
  'Auth/AuthEnable': 'auth/enable',
  'Auth/AuthDisable': 'auth/disable',
  'Auth/Authenticate': 'auth/authenticate',
  'Auth/UserAdd': 'auth/user/add',
  'Auth/UserGet': 'auth/user/get',
  'Auth/UserList': 'auth/user/list',
  'Auth/UserDelete': 'auth/user/delete',
  'Auth/UserChangePassword': 'auth/user/changepw',
  'Auth/UserGrantRole': 'auth/user/grant',
  'Auth/UserRevokeRole': 'auth/user/revoke',
  'Auth/RoleAdd': 'auth/role/add',
  'Auth/RoleGet': 'auth/role/get',
  'Auth/RoleList': 'auth/role/list',
  'Auth/RoleDelete': 'auth/role/delete',
  'Auth/RoleGrantPermission': 'auth/role/grant',
  'Auth/RoleRevokePermission': 'auth/role/revoke',
} as const;

export type MethodName = keyof typeof httpPaths;

function methodOf(name: MethodName): Method {
  const [service = '', method = ''] = name.split('/');
  const found = root.lookupService(`etcdserverpb.${service}`).methods[method];
  found?.resolve();
  const [request, response] = [found?.resolvedRequestType, found?.resolvedResponseType];
  if (!(request instanceof protobuf.Type) || !(response instanceof protobuf.Type)) {
    throw new Error(`the schema has no ${name}`);
  }
  return { path: `/etcdserverpb.${name}`, httpPath: `/v3/${httpPaths[name]}`, request, response };
}

export const methods = Object.fromEntries(
  (Object.keys(httpPaths) as MethodName[]).map((name) => [name, methodOf(name)]),
) as Readonly<Record<MethodName, Method>>;

export type Reply =
  | { readonly ok: true; readonly bytes: Buffer }
  | { readonly ok: false; readonly code: number; readonly sentence: string };

/** A call in both directions that is open. */
export interface OpenStream {
  send(message: Uint8Array): void;
  /** No more requests follow. */
  finish(): void;
  cancel(): void;
}

/** One member, as bytes over gRPC and as text over HTTP. */
export interface Wire {
  call(path: string, message: Uint8Array, token: string | null): Promise<Reply>;
  open(path: string, token: string | null, handler: StreamHandler): OpenStream;
  post(
    path: string,
    body: string,
    token: string | null,
  ): Promise<{ readonly status: number; readonly body: string }>;
  close(): void;
}

export interface StreamHandler {
  onMessage(bytes: Buffer): void;
  /** How it ended: code 0 when all was well. */
  onEnd(code: number, sentence: string): void;
}

const timeoutMs = 15_000;

export function connectWire(endpoint: string): Wire {
  const client = new Client(endpoint, credentials.createInsecure(), {
    'grpc.use_local_subchannel_pool': 1,
    'grpc.max_receive_message_length': -1,
  });
  const agent = new Agent({ keepAlive: true, maxSockets: 4 });
  return {
    call: (path, message, token) =>
      new Promise((resolve) => {
        const options = { deadline: Date.now() + timeoutMs };
        client.makeUnaryRequest(
          path,
          asIs,
          asIs,
          Buffer.from(message),
          metadataOf(token),
          options,
          (error, bytes) => {
            if (error === null) resolve({ ok: true, bytes: bytes ?? Buffer.alloc(0) });
            else resolve({ ok: false, code: error.code, sentence: error.details });
          },
        );
      }),
    open(path, token, handler) {
      const call: ClientDuplexStream<Buffer, Buffer> = client.makeBidiStreamRequest(
        path,
        asIs,
        asIs,
        metadataOf(token),
      );
      call.on('data', (bytes: Buffer) => handler.onMessage(bytes));
      call.on('error', () => undefined); // The status tells it.
      call.on('status', ({ code, details }) => handler.onEnd(code, details));
      return {
        send: (message) => void call.write(Buffer.from(message)),
        finish: () => void call.end(),
        cancel: () => call.cancel(),
      };
    },
    post: (path, body, token) =>
      new Promise((resolve, reject) => {
        const headers = token === null ? {} : { authorization: token };
        const url = `http://${endpoint}${path}`;
        const request = httpRequest(
          url,
          { method: 'POST', agent, headers, timeout: timeoutMs },
          (response) => {
            let text = '';
            response.setEncoding('utf8');
            response.on('data', (chunk: string) => (text += chunk));
            response.on('error', reject);
            response.on('end', () => resolve({ status: response.statusCode ?? 0, body: text }));
          },
        );
        request.on('timeout', () =>
          request.destroy(new Error(`no answer to ${path} within ${timeoutMs} ms`)),
        );
        request.on('error', reject);
        request.end(body);
      }),
    close() {
      client.close();
      agent.destroy();
    },
  };
}

function metadataOf(token: string | null): Metadata {
  const metadata = new Metadata();
  if (token !== null) metadata.set('token', token);
  return metadata;
}

function asIs(bytes: Buffer): Buffer {
  return bytes;
}

import { afterEach } from 'vitest';
import { createApiServer } from '../../src/api/index.js';
import type { ApiServerOptions } from '../../src/api/index.js';
import { at, silentLogger } from '../../src/base/index.js';
import type { Member } from '../../src/member/index.js';
import { connectRaw } from './grpc-client.js';
import type { RawClient } from './grpc-client.js';

const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** An API server before a member, gone after the test. */
export async function serveApi(
  member: Member,
  options: Partial<ApiServerOptions> = {},
): Promise<{ readonly address: string; readonly client: RawClient }> {
  const server = createApiServer({
    member,
    listenUrls: ['http://127.0.0.1:0'],
    logger: silentLogger,
    ...options,
    limits: { closeGraceMs: 200, ...options.limits },
  });
  await server.start();
  const address = at(server.addresses, 0);
  const client = connectRaw(address);
  cleanups.push(
    () => server.close(),
    () => client.close(),
  );
  return { address, client };
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** A request over HTTP/1.1 and its whole answer. */
export async function request(url: string, init: RequestInit = {}): Promise<HttpAnswer> {
  const response = await fetch(url, init);
  return { status: response.status, headers: response.headers, text: await response.text() };
}

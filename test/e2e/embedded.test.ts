import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import {
  connect,
  createApiServer,
  createNodeEnv,
  defaultLimits,
  silentLogger,
  startMember,
} from '../../src/index.js';

const folders: string[] = [];
afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true }))));

/** A port that is free now. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

test('a member runs within a process of your own, and finds its data again', async () => {
  const dataFolder = await mkdtemp(join(tmpdir(), 'quorate-embedded-'));
  folders.push(dataFolder);
  const clientPort = await freePort();
  const peerUrls = [`http://127.0.0.1:${await freePort()}`];
  const config = {
    name: 'solo',
    clientUrls: [`http://127.0.0.1:${clientPort}`],
    initialCluster: [{ name: 'solo', peerUrls }],
    initialClusterToken: 'embedded',
    initialClusterState: 'new',
    heartbeatIntervalMs: 100,
    electionTimeoutMs: 1000,
    snapshotCount: 1000,
    limits: defaultLimits,
  } as const;

  for (const run of ['first', 'second']) {
    const { env, identity } = await createNodeEnv({
      dataFolder,
      config,
      listenPeerUrls: peerUrls,
      advertisePeerUrls: peerUrls,
      logger: silentLogger,
      onFatal: (reason) => expect.unreachable(reason.message),
    });
    const member = await startMember(config, env, identity);
    const api = createApiServer({ member, listenUrls: config.clientUrls, logger: silentLogger });
    await api.start();
    await using client = connect(`127.0.0.1:${clientPort}`);
    if (run === 'first') await client.put('kept', 'over the restart');
    expect((await client.get('kept'))?.text).toBe('over the restart');
    await api.close();
    await member.close();
  }
});

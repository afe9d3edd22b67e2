import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { createCluster } from '../../cluster/index.js';
import type { Cluster, ClusterTls } from '../../cluster/index.js';
import { createAuthority } from '../../cluster/tls/authority.js';
import type { Authority, CertificateWishes } from '../../cluster/tls/authority.js';
import { at, some } from '../../src/base/index.js';
import { connect } from '../../src/client/index.js';
import type { Client, ClientOptions } from '../../src/client/index.js';
import { etcdctl, whyNoEtcdctl } from './etcdctl.js';

/** TLS as people meet it: processes, files, flags, and the unchanged etcdctl. */
const main = join(import.meta.dirname, '../../dist/src/cli/main.js');
const withoutEtcdctl = whyNoEtcdctl() !== null;
const waitMs = 20_000;
const folders: string[] = [];

afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true }))));

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'quorate-tls-'));
  folders.push(folder);
  return folder;
}

function newClient(endpoints: readonly string[], options: ClientOptions = {}): Client {
  const client = connect(endpoints, { timeoutMs: 10_000, ...options });
  onTestFinished(() => client.close());
  return client;
}

interface Ended {
  readonly code: number | null;
  readonly output: string;
}

async function runQuorate(args: readonly string[]): Promise<Ended> {
  const child = spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, output };
}

async function freeUrl(scheme = 'https'): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return `${scheme}://127.0.0.1:${port}`;
}

/** A member of its own, which is killed when the test ends. */
async function startServer(flags: readonly string[]): Promise<{ readonly log: () => string }> {
  const child = spawn(process.execPath, [main, 'server', ...flags], { stdio: ['ignore', 'ignore', 'pipe'] });
  let log = '';
  child.stderr.on('data', (chunk: Buffer) => (log += chunk.toString()));
  onTestFinished(async () => {
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'close');
  });
  await expect.poll(() => log, { timeout: waitMs }).toContain('serving clients');
  return { log: () => log };
}

describe('quorate cluster --tls', () => {
  let cluster: Cluster;
  let tls: ClusterTls;

  beforeAll(async () => {
    cluster = await createCluster({
      dataFolder: await newFolder(),
      ports: 'free',
      tls: true,
      heartbeatIntervalMs: 50,
      electionTimeoutMs: 500,
    });
    await cluster.start();
    tls = some(cluster.tls, 'a cluster with TLS has certificates');
  });
  afterAll(async () => {
    console.time('stop');
    await cluster.stop();
    console.timeEnd('stop');
  });

  const files = (): readonly string[] => [
    '--cacert',
    tls.caFile,
    '--cert',
    tls.certFile,
    '--key',
    tls.keyFile,
  ];
  const hosts = (): string => cluster.endpoints.map((endpoint) => new URL(endpoint).host).join();

  test('serves clients that have its certificates, also when the leader is killed and comes back', async () => {
    const client = newClient(cluster.endpoints, { tls });
    await client.put('before', 'kill');
    const leader = await cluster.waitForLeader();
    await leader.kill();
    const others = cluster.endpoints.filter((endpoint) => endpoint !== leader.endpoint);
    const rest = newClient(others, { tls });
    await expect
      .poll(
        () =>
          rest.put('after', 'kill').then(
            () => true,
            () => false,
          ),
        { timeout: waitMs },
      )
      .toBe(true);
    await leader.start();
    await leader.waitUntilServing();
    expect((await newClient([leader.endpoint], { tls }).get('after'))?.text).toBe('kill');
  });

  test('serves `quorate` with --cacert, --cert and --key', async () => {
    const flags = ['--endpoints', hosts(), ...files()];
    expect(await runQuorate(['put', 'command', 'line', ...flags])).toMatchObject({ code: 0 });
    expect((await runQuorate(['get', 'command', ...flags])).output).toContain('line');
    expect(await runQuorate(['status', ...flags])).toMatchObject({ code: 0 });
    const { code, output } = await runQuorate([
      'get',
      'command',
      ...flags.slice(0, 2),
      '--cacert',
      '/nowhere',
    ]);
    expect(output).toContain('--cacert /nowhere cannot be read');
    expect(code).toBe(2);
  });

  test.skipIf(withoutEtcdctl)('serves etcdctl with the same flags, and lists its addresses', async () => {
    expect(await etcdctl(hosts(), [...files(), 'put', 'from', 'etcdctl'])).toMatchObject({ stdout: 'OK\n' });
    expect(await etcdctl(hosts(), [...files(), 'get', 'from'])).toMatchObject({ stdout: 'from\netcdctl\n' });
    const status = await etcdctl(hosts(), [...files(), 'endpoint', 'health', '--cluster']);
    expect(status.exitCode).toBe(0);
    const members = await etcdctl(hosts(), [...files(), 'member', 'list']);
    expect(members.stdout.match(/https:/g)).toHaveLength(2 * cluster.members.length);
  });

  test('refuses whoever has no certificate, or one of another authority, and who does not trust it', async () => {
    const { ca } = tls;
    const other = createAuthority('another');
    const theirs = other.issue({ commonName: 'quorate-client' });
    const attempts: NonNullable<ClientOptions['tls']>[] = [
      { ca },
      { ca, cert: theirs.certificate, key: theirs.key },
      { ca: other.certificate, cert: tls.cert, key: tls.key },
    ];
    for (const attempt of attempts) {
      const client = newClient(cluster.endpoints, { tls: attempt, timeoutMs: 1000, roundsMax: 1 });
      await expect(client.get('before')).rejects.toMatchObject({ code: 'unavailable' });
    }
    const plain = newClient(hosts().split(','), { timeoutMs: 1000, roundsMax: 1 });
    await expect(plain.get('before')).rejects.toMatchObject({ code: 'unavailable' });
    if (withoutEtcdctl) return;
    const refused = await etcdctl(hosts(), [
      '--cacert',
      tls.caFile,
      '--command-timeout',
      '1s',
      'get',
      'before',
    ]);
    expect(refused.exitCode).not.toBe(0);
  });

  test("refuses a client's certificate where members speak to members", async () => {
    const { host, port } = { host: '127.0.0.1', port: Number(new URL(at(cluster.members, 0).peerUrl).port) };
    const alive = async (cert: string, key: string): Promise<boolean> => {
      const socket = connectTls({ host, port, ca: tls.ca, cert, key, ALPNProtocols: ['h2'] });
      onTestFinished(() => void socket.destroy());
      socket.on('error', () => socket.destroy());
      // The first word of HTTP/2 is the server's, once it has taken the client in.
      return Promise.race([once(socket, 'data').then(() => true), once(socket, 'close').then(() => false)]);
    };
    const file = async (name: string): Promise<string> =>
      readFile(join(cluster.dataFolder, 'tls', name), 'utf8');
    expect(await alive(await file('n2.crt'), await file('n2.key'))).toBe(true);
    expect(await alive(tls.cert, tls.key)).toBe(false);
  });

  test('keeps keys to their owner, and the authority without a key', async () => {
    const folder = join(cluster.dataFolder, 'tls');
    const names = await readdir(folder);
    const keys = names.filter((name) => name.endsWith('.key'));
    expect(keys.sort()).toEqual(['client.key', 'n1.key', 'n2.key', 'n3.key']);
    for (const key of keys) expect((await stat(join(folder, key))).mode & 0o777).toBe(0o600);
  });

  test('is the same cluster, with the same certificates, when it is started again', async () => {
    const { dataFolder } = cluster;
    const again = await createCluster({ dataFolder });
    expect(again.tls).toEqual(tls);
    expect(again.endpoints).toEqual(cluster.endpoints);
    await expect(createCluster({ dataFolder, tls: false })).rejects.toMatchObject({
      code: 'folder-mismatch',
    });
  });

  test('takes in a newcomer over TLS', async () => {
    const [clientUrl, peerUrl] = [await freeUrl(), await freeUrl()];
    const client = newClient(cluster.endpoints, { tls });
    await client.addMember([peerUrl]);
    const certificate = join(cluster.dataFolder, 'tls', 'n1');
    const [cert, key] = [`${certificate}.crt`, `${certificate}.key`];
    await startServer([
      ...['--name', 'n4', '--data-dir', await newFolder(), '--initial-cluster-state', 'existing'],
      ...['--listen-client-urls', clientUrl, '--advertise-client-urls', clientUrl],
      ...['--listen-peer-urls', peerUrl, '--initial-advertise-peer-urls', peerUrl],
      ...[
        '--initial-cluster',
        [...cluster.members, { name: 'n4', peerUrl }].map((each) => `${each.name}=${each.peerUrl}`).join(),
      ],
      ...['--cert-file', cert, '--key-file', key, '--trusted-ca-file', tls.caFile],
      ...['--peer-cert-file', cert, '--peer-key-file', key, '--peer-trusted-ca-file', tls.caFile],
      ...['--heartbeat-interval', '50', '--election-timeout', '500'],
    ]);
    const own = newClient([clientUrl], { tls });
    await expect
      .poll(
        () =>
          own.get('before').then(
            (entry) => entry?.text,
            () => null,
          ),
        { timeout: waitMs },
      )
      .toBe('kill');
  });
});

describe('quorate server with certificates of its own', () => {
  async function certify(wishes: Partial<CertificateWishes> = {}): Promise<{
    readonly folder: string;
    readonly authority: Authority;
    readonly issue: (name: string) => Promise<void>;
  }> {
    const folder = await newFolder();
    const authority = createAuthority('own');
    const issue = async (commonName: string): Promise<void> => {
      const pair = authority.issue({ commonName, addresses: ['127.0.0.1'], ...wishes });
      await writeFile(join(folder, 'server.crt'), pair.certificate);
      await writeFile(join(folder, 'server.key'), pair.key);
    };
    await writeFile(join(folder, 'ca.crt'), authority.certificate);
    await issue('first');
    return { folder, authority, issue };
  }

  async function nameShown(url: string, ca: string): Promise<string> {
    const { hostname: host, port } = new URL(url);
    const socket = connectTls({ host, port: Number(port), ca });
    await once(socket, 'secureConnect');
    const { CN: name } = socket.getPeerCertificate().subject;
    socket.destroy();
    return String(name);
  }

  test('shows new ones as soon as they are there, and keeps the former while they are broken', async () => {
    const { folder, authority, issue } = await certify();
    const url = await freeUrl();
    const { log } = await startServer([
      ...['--data-dir', join(folder, 'data'), '--listen-client-urls', url],
      ...['--listen-peer-urls', await freeUrl('http')],
      ...['--cert-file', join(folder, 'server.crt'), '--key-file', join(folder, 'server.key')],
    ]);
    const client = newClient([url], { tls: { ca: authority.certificate } });
    await client.put('k', 'v');
    expect(await nameShown(url, authority.certificate)).toBe('first');
    await writeFile(join(folder, 'server.crt'), 'broken');
    await expect.poll(log, { timeout: waitMs }).toContain('--cert-file');
    expect(await nameShown(url, authority.certificate)).toBe('first');
    await issue('second');
    await expect.poll(() => nameShown(url, authority.certificate), { timeout: waitMs }).toBe('second');
    expect((await client.get('k'))?.text).toBe('v');
  });

  test('does not start when they cannot be used, and says which and why', async () => {
    const { folder } = await certify();
    const [cert, key] = [join(folder, 'ca.crt'), join(folder, 'server.key')];
    const flags = ['--data-dir', join(folder, 'data'), '--cert-file', cert, '--key-file', key];
    const { code, output } = await runQuorate(['server', ...flags]);
    expect(output).toContain(`--key-file ${key} is not the key of the certificate in --cert-file ${cert}`);
    expect(code).toBe(2);
  });
});

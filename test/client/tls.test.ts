import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { connect } from '../../src/client/index.js';
import type { Client, TlsOptions } from '../../src/client/index.js';
import { startLoneMember } from './lone-member.js';
import type { LoneMember } from './lone-member.js';
import { whyWithout } from './systems.js';
import { brief, take } from './watching.js';

const skip = whyWithout('openssl');
const folder = mkdtempSync(join(tmpdir(), 'quorate-client-tls-'));
const pathOf = (name: string): string => join(folder, name);
const read = (name: string): string => readFileSync(pathOf(name), 'utf8');

function openssl(...args: readonly string[]): void {
  execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' });
}

function makeAuthority(name: string): void {
  const subject = ['-subj', `/CN=${name}`, '-days', '1', '-nodes', '-newkey', 'ec', '-pkeyopt'];
  openssl(
    'req',
    '-x509',
    ...subject,
    'ec_paramgen_curve:P-256',
    '-keyout',
    `${name}.key`,
    '-out',
    `${name}.crt`,
  );
}

function makePair(name: string, authority: string, names: string): void {
  const key = ['-nodes', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-keyout', `${name}.key`];
  openssl('req', ...key, '-subj', `/CN=${name}`, '-out', `${name}.csr`);
  writeFileSync(pathOf(`${name}.ext`), `subjectAltName=${names}\nextendedKeyUsage=serverAuth,clientAuth\n`);
  const signed = ['-CA', `${authority}.crt`, '-CAkey', `${authority}.key`, '-CAcreateserial', '-days', '1'];
  openssl('x509', '-req', '-in', `${name}.csr`, ...signed, '-extfile', `${name}.ext`, '-out', `${name}.crt`);
}

describe.each(['quorate', 'etcd'] as const)('TLS, on %s', (system) => {
  describe.skipIf(skip !== undefined || (system === 'etcd' && whyWithout('etcd') !== undefined))('', () => {
    let member: LoneMember | undefined;
    let endpoint = '';
    const clients: Client[] = [];

    beforeAll(async () => {
      makeAuthority('ca');
      makeAuthority('stranger');
      makePair('server', 'ca', 'IP:127.0.0.1,DNS:store.example');
      makePair('client', 'ca', 'DNS:client');
      const files = ['--cert-file', pathOf('server.crt'), '--key-file', pathOf('server.key')];
      const trust = ['--trusted-ca-file', pathOf('ca.crt'), '--client-cert-auth'];
      member = await startLoneMember(system, join(folder, system), 'https', [...files, ...trust]);
      endpoint = member.endpoint;
    });
    afterAll(async () => {
      await Promise.all(clients.map((client) => client.close()));
      await member?.end();
    });

    function newClient(tls: TlsOptions, at = endpoint): Client {
      const client = connect(at, { tls, timeoutMs: 10_000 });
      clients.push(client);
      return client;
    }
    const mine = () => ({ ca: read('ca.crt'), cert: read('client.crt'), key: read('client.key') });

    test('with an authority and a certificate of one’s own: requests, watches and leases', async () => {
      const client = newClient(mine());
      await client.put('secret', '1'); // The first one waits until the member serves.
      const watch = client.watch('secret');
      await watch.ready();
      await using lease = await client.lease(10);
      await client.put('secret', '2', { lease });
      expect((await take(watch, 1)).map(brief)).toEqual(['secret=2']);
      watch.close();
    });

    test('an endpoint may say https itself; one that says http gets no TLS', async () => {
      const { ca, ...pair } = mine();
      expect(
        await newClient({ ca: [Buffer.from(ca)], ...pair }, `https://${endpoint}`).get('none'),
      ).toBeUndefined();
      const plain = connect(`http://${endpoint}`, { tls: mine(), roundsMax: 1 });
      clients.push(plain);
      await expect(plain.get('none')).rejects.toMatchObject({ code: 'unavailable' });
    });

    test.each([
      ['an authority that is not trusted', () => ({ ...mine(), ca: read('stranger.crt') })],
      ['another name than expected', () => ({ ...mine(), serverName: 'other.example' })],
    ])('%s', async (_, tls) => {
      const failing = newClient(tls()).get('secret', { timeoutMs: 300 });
      await expect(failing).rejects.toMatchObject({ code: 'unavailable' });
      await expect(newClient({ ...tls(), insecureSkipVerify: true }).get('none')).resolves.toBeUndefined();
    });

    test('the name that is expected may be given', async () => {
      expect(await newClient({ ...mine(), serverName: 'store.example' }).get('none')).toBeUndefined();
    });

    test('without a certificate of one’s own', async () => {
      const failing = newClient({ ca: read('ca.crt') }).get('secret', { timeoutMs: 300 });
      await expect(failing).rejects.toMatchObject({ code: 'unavailable', mayHaveHappened: false });
    });
  });
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

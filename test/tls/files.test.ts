import { X509Certificate } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { createAuthority } from '../../cluster/tls/authority.js';
import { silentLogger } from '../../src/base/index.js';
import type { Logger } from '../../src/base/index.js';
import { openTls, whyNotAllowed } from '../../src/tls/index.js';
import type { Tls } from '../../src/tls/index.js';
import { createServerFolder, issueLocal, settingsFor } from './certificates.js';
import type { CertificateFolder } from './certificates.js';

const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function createFiles(): Promise<Awaited<ReturnType<typeof createServerFolder>>> {
  const files = await createServerFolder();
  cleanups.push(() => files.folder[Symbol.asyncDispose]());
  return files;
}

async function open(folder: CertificateFolder, logger: Logger = silentLogger): Promise<Tls> {
  const tls = await openTls(settingsFor(folder), logger);
  cleanups.push(() => tls.close());
  return tls;
}

async function failureOf(folder: CertificateFolder): Promise<string> {
  const failed = openTls(settingsFor(folder), silentLogger);
  await expect(failed).rejects.toMatchObject({ code: 'invalid-configuration' });
  return failed.then(
    () => '',
    (error: unknown) => (error as Error).message.replaceAll(`${folder.path}/`, ''),
  );
}

describe('Files that cannot be used are named with their flag', () => {
  it('that are not there', async () => {
    const { folder } = await createFiles();
    await rm(join(folder.path, 'server.key'));
    expect(await failureOf(folder)).toMatch(/^--key-file server.key cannot be read: ENOENT/);
  });

  it('that hold something else', async () => {
    const { folder, authority } = await createFiles();
    const pair = issueLocal(authority);
    await folder.write('server.crt', pair.key);
    expect(await failureOf(folder)).toBe('--cert-file server.crt holds no certificate in PEM');
    await folder.writePair({ ...pair, key: pair.certificate });
    expect(await failureOf(folder)).toMatch(/^--key-file server.key holds no private key that can be read: /);
    await folder.writePair(pair);
    await folder.write('ca.crt', 'nothing');
    expect(await failureOf(folder)).toBe('--trusted-ca-file ca.crt holds no certificate in PEM');
  });

  it('that are damaged', async () => {
    const { folder, authority } = await createFiles();
    const lines = authority.certificate.split('\n');
    await folder.write('ca.crt', [...lines.slice(0, 2), ...lines.slice(3)].join('\n'));
    expect(await failureOf(folder)).toMatch(
      /^--trusted-ca-file ca.crt holds a certificate that cannot be read: /,
    );
  });

  it('that do not belong together', async () => {
    const { folder, authority } = await createFiles();
    const other = issueLocal(authority);
    await folder.write('server.key', other.key);
    expect(await failureOf(folder)).toBe(
      '--key-file server.key is not the key of the certificate in --cert-file server.crt',
    );
  });
});

describe('Files that change', () => {
  it('are in use from then on; broken ones are told and not used', async () => {
    const { folder, authority } = await createFiles();
    const lines: string[] = [];
    const tell = (message: string): void => void lines.push(message);
    const tls = await open(folder, { ...silentLogger, info: tell, error: tell });
    const first = tls.context;
    await tls.refresh();
    expect(tls.context).toBe(first);

    const next = issueLocal(authority);
    await folder.write('server.crt', next.certificate); // The key is still the former one.
    await tls.refresh();
    await tls.refresh();
    expect(tls.context).toBe(first);
    expect(lines).toEqual(['the new certificates cannot be used: the former ones stay in use']);

    await folder.write('server.key', next.key);
    await tls.refresh();
    expect(tls.context).not.toBe(first);
    expect(lines.slice(1)).toEqual(['new certificates are in use']);
  });

  it('are noticed without being asked', async () => {
    const { folder, authority } = await createFiles();
    const tls = await open(folder);
    const first = tls.context;
    await folder.writePair(issueLocal(authority));
    await expect.poll(() => tls.context === first, { timeout: 5000 }).toBe(false);
  });

  it('are warned of before they expire, and after', async () => {
    const { folder, authority } = await createFiles();
    const warnings: string[] = [];
    const logger = { ...silentLogger, warn: (message: string) => void warnings.push(message) };
    await folder.writePair(issueLocal(authority, { lifetimeMs: 60_000 }));
    await open(folder, logger);
    await folder.writePair(issueLocal(authority, { lifetimeMs: -60_000 }));
    await open(folder, logger);
    expect(warnings).toEqual(['a certificate expires soon', 'a certificate has expired']);
  });
});

it('A rule of names takes a common name, a host name, a wildcard or an address, and nothing else', () => {
  const authority = createAuthority('test authority');
  const { certificate } = authority.issue({
    commonName: 'app',
    hostnames: ['a.example', '*.b.example'],
    addresses: ['10.0.0.1', '::1'],
  });
  const own = new X509Certificate(certificate);
  const isAllowed = (commonNames: readonly string[], hostnames: readonly string[]): boolean =>
    whyNotAllowed(own, { commonNames, hostnames }) === null;
  expect(isAllowed([], [])).toBe(true);
  expect(isAllowed(['other', 'app'], [])).toBe(true);
  for (const name of ['a.example', 'x.b.example', '10.0.0.1', '::1'])
    expect(isAllowed([], [name])).toBe(true);
  expect(isAllowed(['App'], [])).toBe(false);
  for (const name of ['app', 'b.example', 'x.y.b.example', '10.0.0.2'])
    expect(isAllowed([], [name])).toBe(false);
  expect(whyNotAllowed(own, { commonNames: ['other'], hostnames: ['c.example'] })).toBe(
    'its certificate (common name app, alternative names DNS:a.example, DNS:*.b.example, IP Address:10.0.0.1, ' +
      'IP Address:0:0:0:0:0:0:0:1) is not for other or c.example',
  );
});

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAuthority } from '../../cluster/tls/authority.js';
import type { Authority, CertificateWishes, KeyPair } from '../../cluster/tls/authority.js';
import { anyName } from '../../src/tls/index.js';
import type { TlsFiles, TlsSettings } from '../../src/tls/index.js';

/** A folder of certificates: files are written by name and removed at the end. */
export interface CertificateFolder extends AsyncDisposable {
  readonly path: string;
  write(name: string, text: string): Promise<string>;
  writePair(pair: KeyPair, name?: string): Promise<void>;
}

export async function createFolder(): Promise<CertificateFolder> {
  const path = await mkdtemp(join(tmpdir(), 'quorate-tls-'));
  const write = async (name: string, text: string): Promise<string> => {
    await writeFile(join(path, name), text);
    return join(path, name);
  };
  return {
    path,
    write,
    async writePair({ certificate, key }, name = 'server') {
      await write(`${name}.crt`, certificate);
      await write(`${name}.key`, key);
    },
    [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }),
  };
}

export function filesIn(folder: CertificateFolder, name = 'server'): TlsFiles {
  return {
    certificate: { flag: '--cert-file', path: join(folder.path, `${name}.crt`) },
    key: { flag: '--key-file', path: join(folder.path, `${name}.key`) },
    trusted: { flag: '--trusted-ca-file', path: join(folder.path, 'ca.crt') },
  };
}

export function settingsFor(folder: CertificateFolder, changes: Partial<TlsSettings> = {}): TlsSettings {
  return {
    files: filesIn(folder),
    requireClientCertificate: true,
    allowed: anyName,
    minVersion: 'TLSv1.2',
    maxVersion: 'TLSv1.3',
    ...changes,
  };
}

export function issueLocal(authority: Authority, wishes: Partial<CertificateWishes> = {}): KeyPair {
  return authority.issue({
    commonName: 'member',
    hostnames: ['localhost'],
    addresses: ['127.0.0.1', '::1'],
    ...wishes,
  });
}

/** A folder with a CA and a pair for a server. */
export async function createServerFolder(): Promise<{
  readonly folder: CertificateFolder;
  readonly authority: Authority;
}> {
  const folder = await createFolder();
  const authority = createAuthority('test authority');
  await folder.write('ca.crt', authority.certificate);
  await folder.writePair(issueLocal(authority));
  return { folder, authority };
}

/**
 * The certificates of a local cluster, in the folder `tls` of its data: `ca.crt`, and a pair for each member (`n1.crt`,
 * `n1.key`, …) and for its clients (`client.crt`, `client.key`). The authority's own key is written nowhere: whoever
 * wants another certificate deletes the folder, and the next start makes all of them anew.
 */
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { systemCodeOf } from '../errors.js';
import { folderError } from '../layout.js';
import type { ClusterTls } from '../types.js';
import { createAuthority } from './authority.js';
import type { CertificateWishes, KeyPair } from './authority.js';

const folderName = 'tls';
/** Sets members apart from clients, whom the same authority has certified. */
const memberCommonName = 'quorate-member';
const clientCommonName = 'quorate-client';
const local = { hostnames: ['localhost'], addresses: ['127.0.0.1', '::1'] };

/** What is there, or else a new authority and its certificates. Throws `folder-unusable` when they cannot be written. */
export async function openCertificates(
  dataFolder: string,
  memberNames: readonly string[],
): Promise<ClusterTls> {
  try {
    return await readOrMake(dataFolder, memberNames);
  } catch (error) {
    throw folderError(dataFolder, error);
  }
}

async function readOrMake(dataFolder: string, memberNames: readonly string[]): Promise<ClusterTls> {
  const folder = join(dataFolder, folderName);
  const known = await readAll(folder, memberNames);
  if (known !== null) return known;
  const written = `${folder}.new`;
  await rm(written, { recursive: true, force: true });
  await mkdir(written, { mode: 0o700 });
  const authority = createAuthority(`quorate cluster ${new Date().toISOString()}`);
  await writeFile(join(written, 'ca.crt'), authority.certificate);
  const writePair = async (name: string, wishes: CertificateWishes): Promise<void> => {
    const pair: KeyPair = authority.issue(wishes);
    await writeFile(join(written, `${name}.crt`), pair.certificate);
    await writeFile(join(written, `${name}.key`), pair.key, { mode: 0o600 });
  };
  for (const name of memberNames) await writePair(name, { commonName: memberCommonName, ...local });
  await writePair('client', { commonName: clientCommonName });
  await rm(folder, { recursive: true, force: true });
  await rename(written, folder);
  return readClient(folder);
}

/** Null when one is missing. */
async function readAll(folder: string, memberNames: readonly string[]): Promise<ClusterTls | null> {
  try {
    for (const name of memberNames) {
      await readFile(join(folder, `${name}.crt`));
      await readFile(join(folder, `${name}.key`));
    }
    return await readClient(folder);
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return null;
    throw error;
  }
}

async function readClient(folder: string): Promise<ClusterTls> {
  const files = {
    caFile: join(folder, 'ca.crt'),
    certFile: join(folder, 'client.crt'),
    keyFile: join(folder, 'client.key'),
  };
  return {
    ...files,
    ca: await readFile(files.caFile, 'utf8'),
    cert: await readFile(files.certFile, 'utf8'),
    key: await readFile(files.keyFile, 'utf8'),
  };
}

/** A member's flags: mutual TLS towards clients and members, and nobody but members as members. */
export function tlsFlags(dataFolder: string, memberName: string): readonly string[] {
  const file = (name: string): string => join(dataFolder, folderName, name);
  const [ca, certificate, key] = [file('ca.crt'), file(`${memberName}.crt`), file(`${memberName}.key`)];
  return [
    ...['--cert-file', certificate, '--key-file', key, '--trusted-ca-file', ca, '--client-cert-auth'],
    ...['--peer-cert-file', certificate, '--peer-key-file', key, '--peer-trusted-ca-file', ca],
    ...['--peer-client-cert-auth', '--peer-cert-allowed-cn', memberCommonName],
  ];
}

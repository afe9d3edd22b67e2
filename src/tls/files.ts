import { createPrivateKey, X509Certificate } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import type { SecureContextOptions } from 'node:tls';
import { messageOf, QuorateError } from '../base/index.js';

/** A file, and the flag that named it, for errors that say what to mend. */
export interface NamedFile {
  readonly flag: string;
  readonly path: string;
}

/** Files in PEM. Certificate and key are this side's own; others' certificates are checked against the CAs. */
export interface TlsFiles {
  /** The certificate, and those between it and its CA behind it. */
  readonly certificate: NamedFile;
  readonly key: NamedFile;
  /** Null: those that the system trusts. */
  readonly trusted: NamedFile | null;
}

export interface TlsMaterial {
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly ca: Buffer | undefined;
  readonly expiresAtMs: number;
}

const fileSizeBytesMax = 1024 * 1024;

/**
 * Reads the files and checks that they are what they should be and belong together. Errors: `invalid-configuration`,
 * naming flag and file.
 */
export async function readMaterial(files: TlsFiles): Promise<TlsMaterial> {
  const [cert, key, ca] = await Promise.all([
    readNamed(files.certificate),
    readNamed(files.key),
    files.trusted === null ? undefined : readNamed(files.trusted),
  ]);
  const certificate = firstCertificate(cert, files.certificate);
  const privateKey = privateKeyOf(key, files.key);
  if (!certificate.checkPrivateKey(privateKey)) {
    throw invalid(
      `${describe(files.key)} is not the key of the certificate in ${describe(files.certificate)}`,
    );
  }
  if (ca !== undefined && files.trusted !== null) checkAll(ca, files.trusted);
  checkUsable({ cert, key, ca }, files);
  return { cert, key, ca, expiresAtMs: Date.parse(certificate.validTo) };
}

/** Changes whenever a file does; also when one is gone. */
export async function fingerprint(files: TlsFiles): Promise<string> {
  const named = [files.certificate, files.key, ...(files.trusted === null ? [] : [files.trusted])];
  const parts = named.map(async ({ path }) => {
    try {
      const { mtimeMs, ctimeMs, size, ino } = await stat(path);
      return `${mtimeMs} ${ctimeMs} ${size} ${ino}`;
    } catch (error) {
      return messageOf(error);
    }
  });
  return (await Promise.all(parts)).join('\n');
}

async function readNamed(file: NamedFile): Promise<Buffer> {
  try {
    const bytes = await readFile(file.path);
    if (bytes.length <= fileSizeBytesMax) return bytes;
  } catch (error) {
    throw invalid(`${describe(file)} cannot be read: ${messageOf(error)}`, error);
  }
  throw invalid(
    `${describe(file)} is larger than any certificate: ${fileSizeBytesMax} bytes are read at most`,
  );
}

function firstCertificate(pem: Buffer, file: NamedFile): X509Certificate {
  checkAll(pem, file);
  return new X509Certificate(pem);
}

/** Throws unless the file holds one certificate or more, and nothing broken. */
function checkAll(pem: Buffer, file: NamedFile): void {
  const blocks = pem.toString('latin1').match(/-----BEGIN CERTIFICATE-----[^]*?-----END CERTIFICATE-----/g);
  if (blocks === null) throw invalid(`${describe(file)} holds no certificate in PEM`);
  for (const block of blocks) {
    try {
      new X509Certificate(block);
    } catch (error) {
      throw invalid(`${describe(file)} holds a certificate that cannot be read: ${messageOf(error)}`, error);
    }
  }
}

function privateKeyOf(pem: Buffer, file: NamedFile): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch (error) {
    const hint = pem.includes('ENCRYPTED') ? ' (it is encrypted)' : '';
    throw invalid(
      `${describe(file)} holds no private key that can be read${hint}: ${messageOf(error)}`,
      error,
    );
  }
}

/** What only the TLS library knows to object to, too short a key for example. */
function checkUsable(material: SecureContextOptions, files: TlsFiles): void {
  try {
    createSecureContext(material);
  } catch (error) {
    throw invalid(`${describe(files.certificate)} cannot be used for TLS: ${messageOf(error)}`, error);
  }
}

function describe({ flag, path }: NamedFile): string {
  return `${flag} ${path}`;
}

function invalid(message: string, cause?: unknown): QuorateError {
  return new QuorateError('invalid-configuration', message, { cause });
}

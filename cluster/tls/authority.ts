/**
 * A certificate authority for one cluster on this machine: made, used and thrown away with it. Certificates are X.509
 * version 3 (RFC 5280) over keys of the curve P-256, which are made in a moment.
 */
import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { isIPv4, SocketAddress } from 'node:net';

import {
  bitString,
  boolean,
  explicit,
  implicit,
  integer,
  objectIdentifier,
  octetString,
  sequence,
  set,
  time,
  utf8String,
} from './der.js';

/** A certificate and its key, in PEM. */
export interface KeyPair {
  readonly certificate: string;
  readonly key: string;
}

export interface CertificateWishes {
  readonly commonName: string;
  /** What it is valid for beside its common name. */
  readonly hostnames?: readonly string[];
  /** IPv4, or `::1`. */
  readonly addresses?: readonly string[];
  /** Default: ten years. Negative: it has expired already. */
  readonly lifetimeMs?: number;
}

export interface Authority {
  /** In PEM: what others need in order to trust it. */
  readonly certificate: string;
  /** For a member, which is a server to its clients and peers and a client to its peers, or for a client. */
  issue(wishes: CertificateWishes): KeyPair;
}

const oids = {
  commonName: '2.5.4.3',
  ecdsaWithSha256: '1.2.840.10045.4.3.2',
  subjectKeyIdentifier: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAlternativeName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  authorityKeyIdentifier: '2.5.29.35',
  extendedKeyUsage: '2.5.29.37',
  serverAuth: '1.3.6.1.5.5.7.3.1',
  clientAuth: '1.3.6.1.5.5.7.3.2',
} as const;

const usages = {
  /** Certificates and revocation lists: bits 5 and 6. */
  sign: bitString(Buffer.of(0b0000_0110), 1),
  /** Handshakes: bit 0. */
  authenticate: bitString(Buffer.of(0b1000_0000), 7),
};
const version3 = explicit(0, integer(Buffer.of(2)));
const defaultLifetimeMs = 10 * 365 * 24 * 3_600_000;
/** Clocks of containers and virtual machines may be a little behind. */
const backdatingMs = 24 * 3_600_000;

interface Identity {
  readonly commonName: string;
  readonly keys: { readonly publicKey: KeyObject; readonly privateKey: KeyObject };
}

export function createAuthority(commonName: string): Authority {
  const own: Identity = { commonName, keys: makeKeys() };
  const certificate = write(own, own, defaultLifetimeMs, [
    extension(oids.basicConstraints, sequence(boolean(true)), 'critical'),
    extension(oids.keyUsage, usages.sign, 'critical'),
    extension(oids.subjectKeyIdentifier, octetString(keyIdentifier(own))),
  ]);
  return {
    certificate,
    issue({ hostnames = [], addresses = [], ...wishes }) {
      const subject: Identity = { commonName: wishes.commonName, keys: makeKeys() };
      const names = [
        ...hostnames.map((name) => implicit(2, Buffer.from(name, 'latin1'))),
        ...addresses.map((address) => implicit(7, bytesOfAddress(address))),
      ];
      const extensions = [
        extension(oids.basicConstraints, sequence(), 'critical'),
        extension(oids.keyUsage, usages.authenticate, 'critical'),
        extension(
          oids.extendedKeyUsage,
          sequence(objectIdentifier(oids.serverAuth), objectIdentifier(oids.clientAuth)),
        ),
        extension(oids.authorityKeyIdentifier, sequence(implicit(0, keyIdentifier(own)))),
        ...(names.length === 0 ? [] : [extension(oids.subjectAlternativeName, sequence(...names))]),
      ];
      return {
        certificate: write(subject, own, wishes.lifetimeMs ?? defaultLifetimeMs, extensions),
        key: subject.keys.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
      };
    },
  };
}

function makeKeys(): Identity['keys'] {
  return generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
}

function write(
  subject: Identity,
  issuer: Identity,
  lifetimeMs: number,
  extensions: readonly Buffer[],
): string {
  const algorithm = sequence(objectIdentifier(oids.ecdsaWithSha256));
  const until = Date.now() + lifetimeMs;
  const content = sequence(
    version3,
    integer(serialNumber()),
    algorithm,
    nameOf(issuer),
    sequence(time(new Date(Math.min(Date.now(), until) - backdatingMs)), time(new Date(until))),
    nameOf(subject),
    publicKeyOf(subject),
    explicit(3, sequence(...extensions)),
  );
  const signature = sign('sha256', content, issuer.keys.privateKey);
  const base64 = sequence(content, algorithm, bitString(signature)).toString('base64');
  return [
    '-----BEGIN CERTIFICATE-----',
    ...(base64.match(/.{1,64}/g) ?? []),
    '-----END CERTIFICATE-----',
    '',
  ].join('\n');
}

function nameOf({ commonName }: Identity): Buffer {
  return sequence(set(sequence(objectIdentifier(oids.commonName), utf8String(commonName))));
}

function publicKeyOf({ keys }: Identity): Buffer {
  return keys.publicKey.export({ type: 'spki', format: 'der' });
}

function keyIdentifier(identity: Identity): Buffer {
  return createHash('sha256').update(publicKeyOf(identity)).digest().subarray(0, 20);
}

function extension(oid: string, value: Buffer, criticality?: 'critical'): Buffer {
  const flags = criticality === undefined ? [] : [boolean(true)];
  return sequence(objectIdentifier(oid), ...flags, octetString(value));
}

/** Positive, without leading zeros, and never the same twice. */
function serialNumber(): Buffer {
  const bytes = randomBytes(16);
  bytes.writeUInt8((bytes.readUInt8(0) & 0x7f) | 0x40, 0);
  return bytes;
}

function bytesOfAddress(address: string): Buffer {
  if (isIPv4(address)) return Buffer.from(address.split('.').map(Number));
  const { address: text } = new SocketAddress({ address, family: 'ipv6' }); // Throws for what is no address.
  const [head = '', tail] = text.split('::');
  const groups = (part: string): number[] =>
    part === '' ? [] : part.split(':').map((each) => parseInt(each, 16));
  const [first, last] = [groups(head), groups(tail ?? '')];
  const middle = Array.from({ length: 8 - first.length - last.length }, () => 0);
  return Buffer.from([...first, ...middle, ...last].flatMap((group) => [group >> 8, group & 0xff]));
}

import { createPrivateKey, createPublicKey } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { messageOf, QuorateError } from '../../base/index.js';
import { jwtSignMethods } from './config.js';
import type { JwtSettings, JwtSignMethod } from './config.js';

/** etcd's default. */
const defaultTtlSeconds = 300;
const rsaBitsMin = 2048;
const curves: Readonly<Record<string, string>> = {
  ES256: 'prime256v1',
  ES384: 'secp384r1',
  ES512: 'secp521r1',
};
const curveNames: Readonly<Record<string, string>> = { ES256: 'P-256', ES384: 'P-384', ES512: 'P-521' };

export interface JwtFiles {
  readonly signMethod: string;
  /** PEM. With HS… any bytes: the secret itself. Null: the member gives no tokens, it only takes them. */
  readonly privateKey: Uint8Array | null;
  /** PEM of a key or a certificate; needless beside a private key. */
  readonly publicKey: Uint8Array | null;
  readonly ttlSeconds?: number;
}

/** Errors: `invalid-configuration` for a method that there is not, and for keys that are missing or do not fit. */
export function createJwtSettings(files: JwtFiles): JwtSettings {
  const { privateKey, publicKey, ttlSeconds = defaultTtlSeconds } = files;
  const signMethod = signMethodOf(files.signMethod);
  if (!(ttlSeconds > 0)) throw invalid(`ttl must be more than nothing, not ${ttlSeconds} s`);
  if (signMethod.startsWith('HS')) {
    if (privateKey === null || privateKey.length === 0) {
      throw invalid(`${signMethod} needs priv-key: a file with the secret`);
    }
    return { signMethod, signKey: privateKey, verifyKey: privateKey, ttlSeconds };
  }
  const signKey = privateKey === null ? null : readKey('priv-key', privateKey, createPrivateKey);
  const given = publicKey === null ? null : readKey('pub-key', publicKey, createPublicKey);
  const verifyKey = signKey === null ? given : createPublicKey(signKey);
  if (verifyKey === null)
    throw invalid(`${signMethod} needs priv-key, or pub-key to only take tokens of others`);
  if (given !== null && !given.equals(verifyKey)) throw invalid('pub-key and priv-key are not a pair');
  checkKind(signMethod, verifyKey);
  return { signMethod, signKey, verifyKey, ttlSeconds };
}

function signMethodOf(name: string): JwtSignMethod {
  const method = jwtSignMethods.find((each) => each === name);
  if (method !== undefined) return method;
  throw invalid(
    name === ''
      ? `sign-method is needed: one of ${jwtSignMethods.join(', ')}`
      : `unknown sign-method ${JSON.stringify(name)}: it is one of ${jwtSignMethods.join(', ')}`,
  );
}

function readKey(option: string, pem: Uint8Array, read: (pem: Buffer) => KeyObject): KeyObject {
  try {
    return read(Buffer.from(pem));
  } catch (error) {
    throw new QuorateError(
      'invalid-configuration',
      `${option} is not a key in PEM form that can be read: ${messageOf(error)}`,
      { cause: error },
    );
  }
}

function checkKind(signMethod: JwtSignMethod, key: KeyObject): void {
  const kind = key.asymmetricKeyType ?? 'unknown';
  const { namedCurve, modulusLength = 0 } = key.asymmetricKeyDetails ?? {};
  if (signMethod === 'EdDSA') {
    if (kind !== 'ed25519') throw invalid(`EdDSA needs an Ed25519 key, not one of the kind ${kind}`);
  } else if (signMethod.startsWith('ES')) {
    if (kind !== 'ec' || namedCurve !== curves[signMethod]) {
      throw invalid(
        `${signMethod} needs a key on the curve ${curveNames[signMethod] ?? ''}, not ${namedCurve ?? kind}`,
      );
    }
  } else if (kind !== 'rsa') {
    throw invalid(`${signMethod} needs an RSA key, not one of the kind ${kind}`);
  } else if (modulusLength < rsaBitsMin) {
    throw invalid(`${signMethod} needs an RSA key of at least ${rsaBitsMin} bits, not ${modulusLength}`);
  }
}

function invalid(message: string): QuorateError {
  return new QuorateError('invalid-configuration', message);
}

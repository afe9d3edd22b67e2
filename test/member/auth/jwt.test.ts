import { SignJWT } from 'jose';
import { generateKeyPairSync } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { createJwtSettings, createJwtTokens, jwtSignMethods } from '../../../src/member/auth/index.js';
import type { JwtFiles, JwtTokens } from '../../../src/member/auth/index.js';

interface Pair {
  readonly privateKey: Uint8Array;
  readonly publicKey: Uint8Array;
}

const rsa = pemPair(generateKeyPairSync('rsa', { modulusLength: 2048 }));
const otherRsa = pemPair(generateKeyPairSync('rsa', { modulusLength: 2048 }));
const ed25519 = pemPair(generateKeyPairSync('ed25519'));
const secret: Pair = { privateKey: Buffer.from('a secret'), publicKey: Buffer.from('') };

function pemPair({ privateKey, publicKey }: { privateKey: KeyObject; publicKey: KeyObject }): Pair {
  return {
    privateKey: Buffer.from(privateKey.export({ type: 'pkcs8', format: 'pem' })),
    publicKey: Buffer.from(publicKey.export({ type: 'spki', format: 'pem' })),
  };
}

function ecPair(namedCurve: string): Pair {
  return pemPair(generateKeyPairSync('ec', { namedCurve }));
}

function pairFor(signMethod: string): Pair {
  if (signMethod.startsWith('HS')) return secret;
  if (signMethod === 'EdDSA') return ed25519;
  const curve = { ES256: 'P-256', ES384: 'P-384', ES512: 'P-521' }[signMethod];
  return curve === undefined ? rsa : ecPair(curve);
}

/** Tokens signed with the pair, and a clock that stands until it is moved. */
function createTokens(files: Partial<JwtFiles> = {}): {
  readonly tokens: JwtTokens;
  readonly clock: { ms: number };
} {
  const clock = { ms: 1_700_000_000_000 };
  const settings = createJwtSettings({ signMethod: 'HS256', ...secret, publicKey: null, ...files });
  return { tokens: createJwtTokens(settings, () => clock.ms), clock };
}

const ann = { user: 'ann', authRevision: 7 };

describe('signed tokens', () => {
  test.each(jwtSignMethods)('%s: what is signed is taken, with its claims', async (signMethod) => {
    const { privateKey, publicKey } = pairFor(signMethod);
    const isSecret = publicKey.length === 0;
    const { tokens } = createTokens({ signMethod, privateKey, publicKey: isSecret ? null : publicKey });
    const token = await tokens.sign(ann);
    expect(await tokens.verify(token)).toEqual(ann);
    const [head = '', claims = ''] = token.split('.');
    expect(JSON.parse(Buffer.from(head, 'base64url').toString())).toEqual({ alg: signMethod, typ: 'JWT' });
    expect(JSON.parse(Buffer.from(claims, 'base64url').toString())).toEqual({
      username: 'ann',
      revision: 7,
      exp: 1_700_000_300,
    });
  });

  test('end at their time, also when they were verified before', async () => {
    const { tokens, clock } = createTokens({ ttlSeconds: 10 });
    const [seen, unseen] = [await tokens.sign(ann), await tokens.sign({ ...ann, user: 'bob' })];
    expect(await tokens.verify(seen)).toEqual(ann);
    clock.ms += 9_000;
    expect(tokens.verify(seen)).toEqual(ann); // At once: it is known.
    clock.ms += 1_000;
    for (const token of [seen, unseen]) await refused(tokens, token);
  });

  test('of another key, another method, or changed on the way are refused', async () => {
    const { tokens } = createTokens({ signMethod: 'RS256', privateKey: rsa.privateKey });
    const others = [
      createTokens({ signMethod: 'RS256', privateKey: otherRsa.privateKey }),
      createTokens({ signMethod: 'RS384', privateKey: rsa.privateKey }),
      createTokens({ signMethod: 'PS256', privateKey: rsa.privateKey }),
      // The public key taken for a secret: a verifier that believes the token's own word about the method falls for it.
      createTokens({ signMethod: 'HS256', privateKey: rsa.publicKey }),
    ];
    for (const other of others) await refused(tokens, await other.tokens.sign(ann));
    const good = await tokens.sign(ann);
    const [head, claims = '', signature] = good.split('.');
    const forged = Buffer.from(JSON.stringify({ username: 'root', revision: 7 })).toString('base64url');
    const unsigned = Buffer.from(JSON.stringify({ alg: 'none', typ: 'JWT' })).toString('base64url');
    for (const token of [
      `${head}.${forged}.${signature}`,
      `${unsigned}.${claims}.`,
      `${head}.${claims}.`,
      `${head}.${claims}`,
      'abcdefghijklmnop.7',
      '',
      '..',
    ]) {
      await refused(tokens, token);
    }
  });

  test('of others are taken when the claims are there, and for ever if they do not end', async () => {
    const { tokens, clock } = createTokens();
    const sign = (claims: Record<string, unknown>): Promise<string> =>
      new SignJWT(claims).setProtectedHeader({ alg: 'HS256' }).sign(secret.privateKey);
    const endless = await sign({ username: 'ann', revision: 7 });
    expect(await tokens.verify(endless)).toEqual(ann);
    clock.ms += 1e12;
    expect(tokens.verify(endless)).toEqual(ann);
    for (const claims of [{}, { username: 'ann' }, { revision: 7 }, { username: 7, revision: 7 }]) {
      await refused(tokens, await sign(claims));
    }
    await refused(tokens, await sign({ username: 'ann', revision: 7, nbf: clock.ms / 1000 + 60 }));
  });

  test('a member with the public key alone takes tokens and gives none', async () => {
    const giver = createTokens({ signMethod: 'EdDSA', privateKey: ed25519.privateKey });
    const taker = createTokens({ signMethod: 'EdDSA', privateKey: null, publicKey: ed25519.publicKey });
    expect(await taker.tokens.verify(await giver.tokens.sign(ann))).toEqual(ann);
    await expect(taker.tokens.sign(ann)).rejects.toMatchObject({ code: 'invalid-configuration' });
  });

  async function refused(tokens: JwtTokens, token: string): Promise<void> {
    const verify = async (): Promise<unknown> => tokens.verify(token);
    await expect(verify()).rejects.toMatchObject({ code: 'invalid-auth-token' });
  }
});

describe('settings of signed tokens', () => {
  const small = pemPair(generateKeyPairSync('rsa', { modulusLength: 1024 }));
  const p384 = ecPair('P-384');

  test.each<[string, JwtFiles, string]>([
    ['no method', { signMethod: '', ...rsa }, 'sign-method is needed: one of RS256,'],
    ['an unknown method', { signMethod: 'none', ...rsa }, 'unknown sign-method "none"'],
    [
      'no key',
      { signMethod: 'RS256', privateKey: null, publicKey: null },
      'RS256 needs priv-key, or pub-key',
    ],
    ['no secret', { signMethod: 'HS256', privateKey: null, publicKey: null }, 'HS256 needs priv-key: a file'],
    [
      'an empty secret',
      { signMethod: 'HS512', privateKey: Buffer.of(), publicKey: null },
      'HS512 needs priv-key',
    ],
    [
      'two keys of different pairs',
      { signMethod: 'RS256', privateKey: rsa.privateKey, publicKey: otherRsa.publicKey },
      'pub-key and priv-key are not a pair',
    ],
    [
      'an RSA key for ES256',
      { signMethod: 'ES256', ...rsa },
      'ES256 needs a key on the curve P-256, not rsa',
    ],
    [
      'another curve',
      { signMethod: 'ES256', ...p384 },
      'ES256 needs a key on the curve P-256, not secp384r1',
    ],
    [
      'an EC key for RS256',
      { signMethod: 'RS256', ...p384 },
      'RS256 needs an RSA key, not one of the kind ec',
    ],
    ['an RSA key for EdDSA', { signMethod: 'EdDSA', ...rsa }, 'EdDSA needs an Ed25519 key'],
    ['a weak RSA key', { signMethod: 'PS256', ...small }, 'at least 2048 bits, not 1024'],
    [
      'no PEM',
      { signMethod: 'RS256', privateKey: Buffer.from('x'), publicKey: null },
      'priv-key is not a key',
    ],
    [
      'a private key that is a public one',
      { signMethod: 'RS256', privateKey: rsa.publicKey, publicKey: null },
      'priv-key is not a key',
    ],
    ['no time', { signMethod: 'RS256', ...rsa, ttlSeconds: 0 }, 'ttl must be more than nothing'],
  ])('%s is refused, and says why', (_name, files, reason) => {
    expect(() => createJwtSettings(files)).toThrow(
      expect.objectContaining({
        code: 'invalid-configuration',
        message: expect.stringContaining(reason) as string,
      }),
    );
  });

  test('the public key may be given as a private one: only the public part counts', () => {
    const { verifyKey } = createJwtSettings({
      signMethod: 'RS256',
      privateKey: null,
      publicKey: rsa.privateKey,
    });
    expect(verifyKey).toMatchObject({ type: 'public' });
  });
});

import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { authOptions, readAuthConfig } from '../../src/cli/auth-options.js';
import { UsageError } from '../../src/cli/options.js';
import { parseOptions } from '../../src/cli/parse-options.js';
import type { AuthConfig } from '../../src/member/index.js';

const folder = mkdtempSync(join(tmpdir(), 'quorate-auth-'));
afterAll(() => rmSync(folder, { recursive: true }));

const { privateKey, publicKey } = generateKeyPairSync('ed25519');
const privateFile = file('private.pem', privateKey.export({ type: 'pkcs8', format: 'pem' }));
const publicFile = file('public.pem', publicKey.export({ type: 'spki', format: 'pem' }));

function file(name: string, content: string | Buffer): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

function read(...args: readonly string[]): AuthConfig {
  const parsed = parseOptions(authOptions, args, {});
  if (parsed.wantsHelp) throw new Error('no help was asked for');
  return readAuthConfig(parsed.options);
}

describe('flags about users', () => {
  test("have etcd's fallbacks", () => {
    expect(read()).toEqual({ token: 'simple', simpleTokenTtlSeconds: 300, bcryptCost: 10 });
  });

  test('take numbers within their bounds', () => {
    expect(read('--bcrypt-cost', '4', '--auth-token-ttl', '60')).toEqual({
      token: 'simple',
      simpleTokenTtlSeconds: 60,
      bcryptCost: 4,
    });
    for (const args of ['--bcrypt-cost=3', '--bcrypt-cost=32', '--auth-token-ttl=0', '--auth-token-ttl=5m']) {
      expect(() => read(args)).toThrow(UsageError);
    }
  });

  test('read the keys of signed tokens', () => {
    const { token } = read(
      '--auth-token',
      `jwt,pub-key=${publicFile},priv-key=${privateFile},sign-method=EdDSA,ttl=1h30m`,
    );
    expect(token).toMatchObject({ signMethod: 'EdDSA', ttlSeconds: 5400 });
    const verifyOnly = read('--auth-token', `jwt,pub-key=${publicFile},sign-method=EdDSA`).token;
    expect(verifyOnly).toMatchObject({ signKey: null, ttlSeconds: 300 });
  });

  test.each([
    ['', '--auth-token must be simple or begin with jwt, not ""'],
    ['JWT', '--auth-token must be simple or begin with jwt, not "JWT"'],
    ['simple,ttl=1m', '--auth-token simple takes no settings, but was given ttl=1m'],
    ['jwt', '--auth-token: sign-method is needed: one of RS256'],
    ['jwt,sign-method=XX256', '--auth-token: unknown sign-method "XX256"'],
    ['jwt,sign-method=RS256', '--auth-token: RS256 needs priv-key, or pub-key'],
    ['jwt,method=RS256', '--auth-token jwt knows sign-method, priv-key, pub-key, ttl, not "method"'],
    ['jwt,ttl', '--auth-token: ttl needs a value: ttl=VALUE'],
    ['jwt,ttl=1m,ttl=2m', '--auth-token: ttl is given twice'],
    ['jwt,sign-method=HS256,priv-key=/not/there', '--auth-token: priv-key: ENOENT'],
    [`jwt,sign-method=RS256,priv-key=${privateFile}`, '--auth-token: RS256 needs an RSA key'],
    [`jwt,sign-method=EdDSA,priv-key=${privateFile},ttl=5`, '--auth-token: ttl must be a time such as 10m'],
    [`jwt,sign-method=EdDSA,priv-key=${privateFile},ttl=0s`, '--auth-token: ttl must be more than nothing'],
  ])('%s is refused, and says why', (text, reason) => {
    expect(() => read(`--auth-token=${text}`)).toThrow(UsageError);
    expect(() => read(`--auth-token=${text}`)).toThrow(reason);
  });
});

import { readFileSync } from 'node:fs';
import { messageOf, QuorateError } from '../base/index.js';
import { createJwtSettings, defaultAuthConfig } from '../member/index.js';
import type { AuthConfig, JwtSettings } from '../member/index.js';
import { integerOption, textOption, UsageError } from './options.js';
import type { OptionValues } from './options.js';

/** How users prove who they are, as flags of `quorate server`. The names and the syntax are etcd's. */
export const authOptions = {
  authToken: textOption({
    description:
      'what users show instead of their password: simple, or\n' +
      'jwt,sign-method=RS256,priv-key=FILE,pub-key=FILE,ttl=5m',
    placeholder: 'KIND',
    fallback: 'simple',
  }),
  authTokenTtl: integerOption({
    description: 'seconds that a simple token is good after its last use',
    placeholder: 'SECONDS',
    fallback: defaultAuthConfig.simpleTokenTtlSeconds,
    min: 1,
    max: 10_000_000,
  }),
  bcryptCost: integerOption({
    description: 'work to hash a password: one more doubles it',
    fallback: defaultAuthConfig.bcryptCost,
    min: 4,
    max: 31,
  }),
};

const jwtOptions = ['sign-method', 'priv-key', 'pub-key', 'ttl'] as const;
type JwtOption = (typeof jwtOptions)[number];

/** Reads the files that the flags name. Throws UsageError when they cannot be read or do not fit together. */
export function readAuthConfig(given: OptionValues<typeof authOptions>): AuthConfig {
  return {
    token: readToken(given.authToken),
    simpleTokenTtlSeconds: given.authTokenTtl,
    bcryptCost: given.bcryptCost,
  };
}

function readToken(text: string): AuthConfig['token'] {
  const [kind = '', ...settings] = text.split(',');
  if (kind === 'simple' && settings.length === 0) return 'simple';
  if (kind === 'jwt') return readJwt(readPairs(settings));
  throw new UsageError(
    kind === 'simple'
      ? `--auth-token simple takes no settings, but was given ${settings.join()}`
      : `--auth-token must be simple or begin with jwt, not ${JSON.stringify(kind)}`,
  );
}

function readPairs(settings: readonly string[]): ReadonlyMap<JwtOption, string> {
  const pairs = new Map<JwtOption, string>();
  for (const setting of settings) {
    const equals = setting.indexOf('=');
    const name = equals < 0 ? setting : setting.slice(0, equals);
    const option = jwtOptions.find((each) => each === name);
    if (option === undefined) {
      throw new UsageError(
        `--auth-token jwt knows ${jwtOptions.join(', ')}, not ${JSON.stringify(name)}: write NAME=VALUE,…`,
      );
    }
    if (equals < 0) throw new UsageError(`--auth-token: ${option} needs a value: ${option}=VALUE`);
    if (pairs.has(option)) throw new UsageError(`--auth-token: ${option} is given twice`);
    pairs.set(option, setting.slice(equals + 1));
  }
  return pairs;
}

function readJwt(pairs: ReadonlyMap<JwtOption, string>): JwtSettings {
  const ttl = pairs.get('ttl');
  try {
    return createJwtSettings({
      signMethod: pairs.get('sign-method') ?? '',
      privateKey: readKeyFile('priv-key', pairs.get('priv-key')),
      publicKey: readKeyFile('pub-key', pairs.get('pub-key')),
      ...(ttl === undefined ? {} : { ttlSeconds: readDuration(ttl) }),
    });
  } catch (error) {
    if (error instanceof QuorateError) throw new UsageError(`--auth-token: ${error.message}`);
    throw error;
  }
}

function readKeyFile(option: JwtOption, path: string | undefined): Uint8Array | null {
  if (path === undefined) return null;
  try {
    return readFileSync(path);
  } catch (error) {
    throw new UsageError(`--auth-token: ${option}: ${messageOf(error)}`);
  }
}

const unitSeconds: Readonly<Record<string, number>> = { ms: 1e-3, s: 1, m: 60, h: 3600 };

/** A time as Go writes it, such as `10m`, `1h30m` or `90s`, in seconds. */
function readDuration(text: string): number {
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)];
  const isWhole = parts.length > 0 && parts.map(([part]) => part).join('') === text;
  if (!isWhole)
    throw new UsageError(
      `--auth-token: ttl must be a time such as 10m or 1h30m, not ${JSON.stringify(text)}`,
    );
  return parts.reduce(
    (seconds, [, amount, unit = '']) => seconds + Number(amount) * (unitSeconds[unit] ?? 0),
    0,
  );
}

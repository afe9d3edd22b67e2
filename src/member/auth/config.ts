import type { KeyObject } from 'node:crypto';

export const jwtSignMethods = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'HS256',
  'HS384',
  'HS512',
  'EdDSA',
] as const;
export type JwtSignMethod = (typeof jwtSignMethods)[number];

/** Tokens that carry their content, signed. Made by `createJwtSettings`, which checks that all of it fits. */
export interface JwtSettings {
  readonly signMethod: JwtSignMethod;
  /** Null: this member takes tokens that others have signed, and gives none. */
  readonly signKey: KeyObject | Uint8Array | null;
  readonly verifyKey: KeyObject | Uint8Array;
  readonly ttlSeconds: number;
}

/** How users prove who they are. All members of a cluster have the same. */
export interface AuthConfig {
  /** `simple`: random words that the members remember. */
  readonly token: 'simple' | JwtSettings;
  /** How long a simple token is good after its last use. */
  readonly simpleTokenTtlSeconds: number;
  /** The logarithm of the work to hash a password, 4 … 31: one more doubles it. */
  readonly bcryptCost: number;
}

/** etcd's defaults. */
export const defaultAuthConfig: AuthConfig = { token: 'simple', simpleTokenTtlSeconds: 300, bcryptCost: 10 };

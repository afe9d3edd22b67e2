import type { KeyRange } from '../types.js';
import type { AuthRole, AuthUser, PermissionType } from '../types.js';
import { unionOf } from './intervals.js';
import type { KeyIntervals } from './intervals.js';

/** Users whose rights are kept merged. Beyond it all are merged anew when they next ask. */
const rightsKeptMax = 10_000;

/** The role that may do everything, and the user that must have it. */
export const rootName = 'root';

/** What one user may do, all roles taken together. */
export interface Rights {
  readonly isRoot: boolean;
  readonly read: KeyIntervals;
  readonly write: KeyIntervals;
}

/** The rights of users, merged when they are first asked for. */
export interface RightsCache {
  of(user: AuthUser): Rights;
  forget(user: string): void;
  forgetAll(): void;
}

export function createRightsCache(roleOf: (name: string) => AuthRole | undefined): RightsCache {
  const kept = new Map<string, Rights>();
  return {
    of(user) {
      const known = kept.get(user.name);
      if (known !== undefined) return known;
      const rights = merge(user, roleOf);
      if (kept.size >= rightsKeptMax) kept.clear();
      kept.set(user.name, rights);
      return rights;
    },
    forget: (user) => void kept.delete(user),
    forgetAll: () => kept.clear(),
  };
}

function merge(user: AuthUser, roleOf: (name: string) => AuthRole | undefined): Rights {
  const permissions = user.roles.flatMap((name) => roleOf(name)?.permissions ?? []);
  const rangesOf = (other: PermissionType): readonly KeyRange[] =>
    permissions.filter(({ permission }) => permission !== other);
  return {
    isRoot: user.roles.includes(rootName),
    read: unionOf(rangesOf('write')),
    write: unionOf(rangesOf('read')),
  };
}

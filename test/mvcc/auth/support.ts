import { createAuthState } from '../../../src/mvcc/auth/index.js';
import type { AuthState } from '../../../src/mvcc/auth/index.js';
import type { AuthCommand, AuthRole, AuthUser } from '../../../src/mvcc/index.js';
import { createTally } from '../../../src/mvcc/inventory.js';
import { openTables } from '../../../src/mvcc/tables.js';
import { createMemoryDisk } from '../../../src/storage/index.js';
import type { OrderedStore } from '../../../src/storage/index.js';
import { seededRandom } from '../../../src/base/index.js';

/** Users and roles over a store of their own. */
export interface Bench {
  readonly state: AuthState;
  /** Applies each; a refusal fails the test. */
  readonly done: (...commands: readonly AuthCommand[]) => void;
  /** As after a restart: what was flushed. */
  readonly reopened: () => Promise<AuthState>;
  readonly store: OrderedStore;
}

export async function createBench(): Promise<Bench> {
  const store = await createMemoryDisk({ random: seededRandom(1) }).open('state');
  const tables = await openTables(store, createTally());
  const state = createAuthState(tables);
  return {
    state,
    store,
    done(...commands) {
      for (const command of commands) {
        const error = state.apply(command);
        if (error !== null) throw new Error(`${command.type} was refused: ${error}`);
      }
    },
    async reopened() {
      await store.write([...tables.beginFlush()], { sync: true });
      return createAuthState(await openTables(store, createTally()));
    },
  };
}

/** All that a state knows, to be compared. */
export function dump(state: AuthState): {
  readonly enabled: boolean;
  readonly revision: number;
  readonly users: readonly (AuthUser | undefined)[];
  readonly roles: readonly (AuthRole | undefined)[];
} {
  return {
    enabled: state.enabled,
    revision: state.revision,
    users: state.userNames().map((name) => state.user(name)),
    roles: state.roleNames().map((name) => state.role(name)),
  };
}

export const command = {
  enable: { type: 'auth-enable' },
  disable: { type: 'auth-disable' },
  addUser: (user: string, hash = `hash of ${user}`): AuthCommand => ({
    type: 'user-add',
    user,
    hash,
    noPassword: false,
  }),
  deleteUser: (user: string): AuthCommand => ({ type: 'user-delete', user }),
  changePassword: (user: string, hash: string): AuthCommand => ({ type: 'user-change-password', user, hash }),
  grantRole: (user: string, role: string): AuthCommand => ({ type: 'user-grant-role', user, role }),
  revokeRole: (user: string, role: string): AuthCommand => ({ type: 'user-revoke-role', user, role }),
  addRole: (role: string): AuthCommand => ({ type: 'role-add', role }),
  deleteRole: (role: string): AuthCommand => ({ type: 'role-delete', role }),
  grant: (
    role: string,
    permission: 'read' | 'write' | 'read-write',
    key: string,
    rangeEnd: string | null = null,
  ): AuthCommand => ({ type: 'role-grant-permission', role, permission: { permission, key, rangeEnd } }),
  revoke: (role: string, key: string, rangeEnd: string | null = null): AuthCommand => ({
    type: 'role-revoke-permission',
    role,
    range: { key, rangeEnd },
  }),
  logIn: (user: string, authRevision: number): AuthCommand => ({
    type: 'auth-token',
    user,
    token: 'abcdefghijklmnop',
    authRevision,
  }),
} as const;

/** A root that is one, and users needed from now on. */
export const turnOn: readonly AuthCommand[] = [
  command.addUser('root'),
  command.grantRole('root', 'root'),
  command.enable,
];

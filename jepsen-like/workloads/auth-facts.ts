import type { AuthFact } from '../history/index.js';

/** Who may do what, as facts that hold or do not: what the checker of the workload `auth` works on. */

export type AuthChange =
  | { readonly type: 'enable' | 'disable' }
  | { readonly type: 'add-user' | 'change-password'; readonly user: number; readonly password: number }
  | { readonly type: 'delete-user'; readonly user: number }
  | { readonly type: 'give-role' | 'take-role'; readonly user: number; readonly role: number }
  | { readonly type: 'add-role' | 'delete-role'; readonly role: number }
  | {
      readonly type: 'give-right';
      readonly role: number;
      readonly slot: number;
      readonly right: 'read' | 'write' | 'readwrite';
    }
  | { readonly type: 'take-right'; readonly role: number; readonly slot: number };

export type AuthRequest =
  | { readonly type: 'read'; readonly user: number; readonly key: number }
  | { readonly type: 'write'; readonly user: number; readonly key: number; readonly value: string }
  | { readonly type: 'read-all'; readonly user: number }
  /** Without a user. */
  | { readonly type: 'stranger'; readonly key: number }
  | { readonly type: 'login'; readonly user: number; readonly password: number };

export const allUsers = 3;
export const allRoles = 3;
const allPasswords = 3;
export const keysMax = 3;
/** What rights are for: each key, and all of them. */
export const slotsMax = keysMax + 1;

export const keyOf = (key: number): string => `auth/${key}`;
export const passwordOf = (password: number): string => `password-${password}`;

export const authIsOff = 'users are not needed';
export const hasPassword = (user: number, password: number): string =>
  `u${user} has the password ${passwordOf(password)}`;
const hasRole = (user: number, role: number): string => `u${user} has r${role}`;
const may = (role: number, right: 'read' | 'write', slot: number): string =>
  `r${role} may ${right} ${slot === keysMax ? 'all keys' : keyOf(slot)}`;

const holds = (fact: string, isSo: boolean): AuthFact => ({ fact, holds: isSo });
const upTo = (count: number): readonly number[] => Array.from({ length: count }, (_, number) => number);

const requestTypes: ReadonlySet<string> = new Set(['read', 'write', 'read-all', 'stranger', 'login']);

export function isRequest(action: AuthChange | AuthRequest): action is AuthRequest {
  return requestTypes.has(action.type);
}

/** What a change says of itself, and what holds after it. */
export function factsOf(action: AuthChange): { readonly what: string; readonly facts: readonly AuthFact[] } {
  switch (action.type) {
    case 'enable':
      return { what: 'demand users', facts: [holds(authIsOff, false)] };
    case 'disable':
      return { what: 'demand no users any more', facts: [holds(authIsOff, true)] };
    case 'add-user':
    case 'change-password': {
      const { user, password } = action;
      const what = `${action.type === 'add-user' ? 'add' : 'give a new password to'} u${user}`;
      const facts = upTo(allPasswords).map((each) => holds(hasPassword(user, each), each === password));
      return { what, facts };
    }
    case 'delete-user': {
      const { user } = action;
      const passwords = upTo(allPasswords).map((each) => holds(hasPassword(user, each), false));
      const roles = upTo(allRoles).map((role) => holds(hasRole(user, role), false));
      return { what: `delete u${user}`, facts: [...passwords, ...roles] };
    }
    case 'give-role':
    case 'take-role': {
      const isGiven = action.type === 'give-role';
      const what = `${isGiven ? 'give' : 'take'} r${action.role} ${isGiven ? 'to' : 'from'} u${action.user}`;
      return { what, facts: [holds(hasRole(action.user, action.role), isGiven)] };
    }
    case 'add-role':
      return { what: `add r${action.role}`, facts: [] };
    case 'delete-role': {
      const { role } = action;
      const users = upTo(allUsers).map((user) => holds(hasRole(user, role), false));
      return {
        what: `delete r${role}`,
        facts: [...users, ...upTo(slotsMax).flatMap((slot) => rightsOf(role, slot, null))],
      };
    }
    case 'give-right': {
      const { role, slot, right } = action;
      return { what: `let r${role} ${right} ${slotName(slot)}`, facts: rightsOf(role, slot, right) };
    }
    case 'take-right': {
      const { role, slot } = action;
      return { what: `take ${slotName(slot)} from r${role}`, facts: rightsOf(role, slot, null) };
    }
  }
}

/** A right for the same keys takes the place of the one before. */
function rightsOf(
  role: number,
  slot: number,
  right: 'read' | 'write' | 'readwrite' | null,
): readonly AuthFact[] {
  return [
    holds(may(role, 'read', slot), right === 'read' || right === 'readwrite'),
    holds(may(role, 'write', slot), right === 'write' || right === 'readwrite'),
  ];
}

function slotName(slot: number): string {
  return slot === keysMax ? 'all keys' : keyOf(slot);
}

/** The ways in which a request may be right: all facts of one of them hold. */
export function allows(
  action: Extract<AuthRequest, { type: 'read' | 'write' | 'read-all' }>,
  password: number,
): readonly (readonly string[])[] {
  const right = action.type === 'write' ? 'write' : 'read';
  const slots = action.type === 'read-all' ? [keysMax] : [action.key, keysMax];
  const ways = upTo(allRoles).flatMap((role) =>
    slots.map((slot) => [
      hasPassword(action.user, password),
      hasRole(action.user, role),
      may(role, right, slot),
    ]),
  );
  return [[authIsOff], ...ways];
}

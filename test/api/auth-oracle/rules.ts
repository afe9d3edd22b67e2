import type { ErrorCode } from '../../../src/base/index.js';
import type { Keys, Person } from './people.js';

/** What a request needs, as the rules have it; see docs/compatibility.md. */
export type Need =
  | { readonly right: 'read' | 'write'; readonly keys: Keys }
  /** Any user at all. */
  | 'somebody'
  | 'root'
  /** The user itself, or root. */
  | { readonly self: string }
  /** A user that has the role, or root. */
  | { readonly roleOf: string };

/** The refusal that the rules foresee, or null. `needs` null: served to anyone, whatever it shows. */
export function verdict(person: Person, needs: readonly Need[] | null): ErrorCode | null {
  if (needs === null) return null;
  if (person.proof.endsWith('bad token') || person.proof === 'lost token') return 'invalid-auth-token';
  for (const need of needs) {
    const refusal = refusalOf(person, need);
    if (refusal !== null) return refusal;
  }
  return null;
}

function refusalOf(person: Person, need: Need): ErrorCode | null {
  if (person.proof === 'none') return 'user-empty';
  if (need === 'somebody' || person.isRoot) return null;
  if (need === 'root') return notRoot(person);
  if ('self' in need) return need.self === person.name ? null : notRoot(person);
  if ('roleOf' in need) return need.roleOf === person.name ? null : notRoot(person);
  const may = need.right === 'read' ? person.mayRead : person.mayWrite;
  return Array.from(need.keys).every((key) => may.includes(key)) ? null : 'permission-denied';
}

function notRoot(person: Person): ErrorCode {
  return person.grants === null ? 'user-not-found' : 'permission-denied';
}

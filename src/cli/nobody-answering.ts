import type { ClientError } from '../client/index.js';

const codes: ReadonlySet<string> = new Set([
  'unavailable',
  'timed-out',
  'no-leader',
  'leader-changed',
  'stopped',
  'unhealthy',
  'too-many-requests',
]);

/** Later, or where other members are, the same request may do: nobody has refused it. */
export function isNobodyAnswering({ code, mayHaveHappened }: ClientError): boolean {
  return mayHaveHappened || codes.has(code);
}

import type { RegisterOperation } from './registers.js';
import { precedes } from './order.js';

/** In few words: `it read 5`. */
export function wordsOfRegister(operation: RegisterOperation): string {
  switch (operation.kind) {
    case 'read':
      return operation.outcome.type === 'ok'
        ? `it read ${operation.outcome.value.value ?? 'nothing'}`
        : 'a read';
    case 'write':
      return `it wrote ${operation.value}`;
    case 'concat':
      return `it put ${operation.value} behind what was there`;
    case 'cas': {
      const swapped = operation.outcome.type !== 'ok' || operation.outcome.value.swapped;
      return swapped
        ? `it found ${operation.expected ?? 'nothing'} and wrote ${operation.value}`
        : `it did not find ${operation.expected ?? 'nothing'}`;
    }
  }
}

/** What the operation that fits nowhere is called in the field. The verdict does not hang on it. */
export function nameOfStuck(stuck: RegisterOperation, all: readonly RegisterOperation[]): string {
  if (stuck.outcome.type !== 'ok') return 'not linearizable';
  if (stuck.kind === 'cas') return isLostUpdate(stuck, all) ? 'lost update' : 'not linearizable';
  if (stuck.kind !== 'read' || all.some(({ kind }) => kind === 'concat')) return 'not linearizable';
  const seen = stuck.outcome.value.value;
  if (seen === null) return 'stale read';
  const writers = all.filter((each) => each.kind !== 'read' && each.kind !== 'concat' && each.value === seen);
  if (writers.length === 0) return 'value from nowhere';
  const possible = writers.filter(({ outcome }) => outcome.type !== 'failed');
  if (possible.length === 0) return 'aborted read';
  if (possible.every((writer) => precedes(stuck, writer))) return 'read from the future';
  return possible.some((writer) => precedes(writer, stuck)) ? 'stale read' : 'not linearizable';
}

/** Two found the same value, and both replaced it. */
function isLostUpdate(
  stuck: Extract<RegisterOperation, { readonly kind: 'cas' }>,
  all: readonly RegisterOperation[],
): boolean {
  if (stuck.outcome.type !== 'ok' || !stuck.outcome.value.swapped) return false;
  return all.some(
    (other) =>
      other.kind === 'cas' &&
      other.id !== stuck.id &&
      other.expected === stuck.expected &&
      other.outcome.type === 'ok' &&
      other.outcome.value.swapped,
  );
}

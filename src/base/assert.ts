/** A broken promise of our own code. The member that sees one stops: it must not go on and lie. */
export class InvariantError extends Error {
  override readonly name = 'InvariantError';
}

/**
 * States what must be true here. Stays on in production.
 *
 * The message is a fixed sentence (no values in it), so that the same failure always reads the same.
 */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new InvariantError(message);
}

/** The element at `index`, which must exist. The asserting twin of `array[index]`. */
export function at<T>(array: readonly T[], index: number): T {
  const element = array[index];
  if (element === undefined) throw new InvariantError('index within the array');
  return element;
}

/** The value, which must not be null or undefined; `message` says why it cannot be. */
export function some<T>(value: T | null | undefined, message: string): T {
  if (value === null || value === undefined) throw new InvariantError(message);
  return value;
}

/** Closes a `switch` over a union: compiles only while every case is handled. */
export function unreachable(value: never): never {
  throw new InvariantError(`unexpected variant ${JSON.stringify(value)}`);
}

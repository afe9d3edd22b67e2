import { expect } from 'vitest';

/** Matches a QuorateError by its code and, in this order, words of its message. */
export function failure(code: string, ...words: readonly string[]): Error {
  const message: unknown = expect.stringMatching(new RegExp(words.join('.*'), 's'));
  return expect.objectContaining({ code, message }) as Error;
}

/** The bytes of an answer. A large one comes in pieces, which are sent one after another as they are. */
export type Answer = Buffer | readonly Buffer[];

export function sizeBytesOf(answer: Answer): number {
  return isWhole(answer) ? answer.length : answer.reduce((sum, { length }) => sum + length, 0);
}

export function joined(answer: Answer): Buffer {
  return isWhole(answer) ? answer : Buffer.concat(answer);
}

export function isWhole(answer: Answer): answer is Buffer {
  return !Array.isArray(answer);
}

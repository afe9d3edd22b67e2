/** The properties that every schedule is checked for, by the names that reports and planted bugs use. */
export type Property =
  | 'election safety'
  | 'leader append-only'
  | 'log matching'
  | 'leader completeness'
  | 'state machine safety'
  | 'one vote per term'
  | 'terms never regress'
  | 'leaders have a durable quorum'
  | 'commits are of the own term'
  | 'commits have a durable quorum'
  | 'changes come one by one'
  | 'committed entries stay'
  | 'promises are durable'
  | 'reads are fresh'
  | 'the Ready contract'
  | 'liveness';

/** A property that did not hold. */
export class Violation extends Error {
  override readonly name = 'Violation';
  readonly property: Property;

  constructor(property: Property, detail: string) {
    super(`${property}: ${detail}`);
    this.property = property;
  }
}

export function ensure(condition: boolean, property: Property, detail: () => string): asserts condition {
  if (!condition) throw new Violation(property, detail());
}

import type { Told } from './answer.js';
import type { Model } from './model.js';
import type { MethodName } from './wire.js';

export interface Seen {
  readonly method: MethodName;
  readonly isJson: boolean;
  readonly theirs: Told;
  readonly ours: Told;
  readonly model: Model;
}

/** A difference that is meant. docs/compatibility.md repeats the table. */
export interface MeantDifference {
  readonly name: string;
  readonly etcd: string;
  readonly quorate: string;
  readonly why: string;
  readonly applies: (seen: Seen) => boolean;
}

export const meantDifferences: readonly MeantDifference[] = [];

/** The name of the meant difference that this is, or null. */
export function explain(seen: Seen): string | null {
  return meantDifferences.find(({ applies }) => applies(seen))?.name ?? null;
}

import { precedes } from '../order.js';
import type { Timed } from '../order.js';

/** `early` was over before `late` began, and nobody else lies between the two. */
export type Succession = (early: number, late: number) => void;

/**
 * What ended before another began comes before it; those in between carry the rest, so that there are few of these pairs. `all` is in order
 * of invocation; what never came back comes after others, and nothing after it.
 */
export function addRealTime(all: readonly (Timed & { readonly isKnown: boolean })[], add: Succession): void {
  const done = all
    .filter(({ isKnown, completedUs }) => isKnown && completedUs !== null)
    .sort((a, b) => (a.completedUs ?? 0) - (b.completedUs ?? 0));
  /** Those that ended last: nobody that began after one of them has ended yet. */
  let border: Timed[] = [];
  const lastOf = new Map<number, Timed>();
  let next = 0;
  for (const each of all) {
    for (let end = done[next]; end !== undefined && isBefore(end, each.invokedUs); end = done[++next]) {
      const latest = end;
      border = [...border.filter((other) => !isBefore(other, latest.invokedUs)), latest];
    }
    for (const { id } of border) add(id, each.id);
    const previous = lastOf.get(each.process);
    if (previous?.completedUs === each.invokedUs && precedes(previous, each)) add(previous.id, each.id);
    if (each.isKnown) lastOf.set(each.process, each);
  }
}

function isBefore({ completedUs }: Timed, atUs: number): boolean {
  return completedUs !== null && completedUs < atUs;
}

import { at } from '../base/index.js';
import type { Steps } from './steps.js';

/** Elements that are sorted, or put in their place, in one step. */
const elementsPerStep = 4096;

/** Sorts in place, stably: small runs, and then pairs of neighbouring runs become one until there is one. */
export function* sortInSteps<T>(elements: T[], compare: (a: T, b: T) => number): Steps<void> {
  if (elements.length <= elementsPerStep) {
    elements.sort(compare);
    return;
  }
  let from: T[] = [];
  for (let start = 0; start < elements.length; start += elementsPerStep) {
    for (const each of elements.slice(start, start + elementsPerStep).sort(compare)) from.push(each);
    yield;
  }
  let to: T[] = [];
  for (let length = elementsPerStep; length < elements.length; length *= 2) {
    for (let start = 0; start < elements.length; start += 2 * length) {
      let left = start;
      const leftEnd = Math.min(start + length, from.length);
      let right = leftEnd;
      const rightEnd = Math.min(start + 2 * length, from.length);
      while (left < leftEnd || right < rightEnd) {
        const takesLeft =
          right >= rightEnd || (left < leftEnd && compare(at(from, left), at(from, right)) <= 0);
        to.push(at(from, takesLeft ? left++ : right++));
        if (to.length % elementsPerStep === 0) yield;
      }
    }
    from = to;
    to = [];
  }
  for (const [index, each] of from.entries()) elements[index] = each;
}

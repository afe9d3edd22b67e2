import { runEpoch } from './epoch.js';
import type { FoundDifference } from './epoch.js';
import type { Features } from './run.js';

export interface ShrinkOptions {
  readonly seed: number;
  readonly features: Features;
  /** The one that showed a difference; later ones are not needed. */
  readonly lastStep: number;
  readonly print: (line: string) => void;
}

const triesMax = 60;

/**
 * Leaves out halves, quarters, … of the steps for as long as a difference remains. Each try starts fresh clusters.
 */
export async function shrink({ seed, features, lastStep, print }: ShrinkOptions): Promise<void> {
  let steps = Array.from({ length: lastStep + 1 }, (_, index) => index);
  let found: FoundDifference | null = null;
  let tries = 0;
  for (let size = Math.ceil(steps.length / 2); size >= 1 && tries < triesMax;) {
    let hasShrunk = false;
    for (let from = 0; from < steps.length && tries < triesMax;) {
      const fewer = [...steps.slice(0, from), ...steps.slice(from + size)];
      tries += 1;
      const { difference } = await runEpoch({ seed, features, steps: fewer });
      if (difference === null) {
        from += size;
        continue;
      }
      steps = fewer.filter((step) => step <= difference.step);
      found = difference;
      hasShrunk = true;
      print(`${steps.length} steps are enough`);
    }
    if (size === 1 && !hasShrunk) break;
    size = size === 1 ? 1 : Math.ceil(size / 2);
  }
  if (found === null) {
    print('nothing can be left out');
    return;
  }
  print(`shrunk to ${steps.length} steps:\n${found.sent.join('\n')}\n\n${found.message}`);
}

import { parseArgs } from 'node:util';
import { meantDifferences } from './differences.js';
import { featuresOf, runEpoch } from './epoch.js';
import type { FoundDifference } from './epoch.js';
import type { Features } from './run.js';
import { shrink } from './shrink.js';
import { subject, whyNoEtcd } from '../pair.js';

/**
 * The same random requests to the real etcd and to Quorate, for as long as one likes:
 *
 *     node dist/test/e2e/differential/main.js --steps 100000 --seed 7
 *
 * Every epoch begins with fresh clusters. A difference is printed with the command that shows it again.
 */
const { values } = parseArgs({
  options: {
    steps: { type: 'string', default: '10000' },
    seed: { type: 'string', default: '1' },
    /** Steps on the same clusters. */
    length: { type: 'string', default: '2000' },
    /** Only this one. */
    epoch: { type: 'string' },
    /** Features, separated by commas, that no epoch has. */
    without: { type: 'string', default: '' },
    /** Leaves out what the difference does not need, which takes minutes. */
    shrink: { type: 'boolean', default: false },
    /** How many of the requests before a difference to print. */
    tail: { type: 'string', default: '25' },
    /** Goes on after a difference, up to so many. */
    differences: { type: 'string', default: '1' },
  },
});

const whole = (text: string | undefined): number => {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0) throw new Error(`not a whole number: ${String(text)}`);
  return value;
};

const without = values.without.split(',');
const allowed: Features = {
  leases: !without.includes('leases'),
  watches: !without.includes('watches'),
  auth: !without.includes('auth'),
  maintenance: !without.includes('maintenance'),
  gateway: !without.includes('gateway'),
};

async function main(): Promise<number> {
  const reason = whyNoEtcd();
  if (reason !== null) {
    console.error(reason);
    return 2;
  }
  const [stepsMax, seed, length] = [whole(values.steps), whole(values.seed), whole(values.length)];
  const differencesMax = whole(values.differences);
  const explained = new Map<string, number>();
  const startedAt = performance.now();
  let [steps, requests, differences] = [0, 0, 0];
  const only = values.epoch === undefined ? null : whole(values.epoch);
  for (let epoch = only ?? 0; steps < stepsMax && (only === null || epoch === only); epoch++) {
    const epochSeed = seed * 1000 + epoch;
    const features = featuresOf(epochSeed, allowed);
    const numbers = Array.from({ length: Math.min(length, stepsMax - steps) }, (_, index) => index);
    const result = await runEpoch({ seed: epochSeed, features, steps: numbers });
    steps += result.stepCount;
    requests += result.requestCount;
    for (const [name, count] of result.explained) explained.set(name, (explained.get(name) ?? 0) + count);
    const seconds = (performance.now() - startedAt) / 1000;
    const has = Object.entries(features).flatMap(([name, isOn]) => (isOn ? [name] : []));
    console.log(
      `epoch ${epoch} (${has.join(', ')}): ${steps} steps, ${requests} requests, ${seconds.toFixed(0)} s`,
    );
    if (result.difference === null) continue;
    differences += 1;
    report(result.difference, `--seed ${seed} --epoch ${epoch} --length ${length}`);
    if (values.shrink)
      await shrink({ seed: epochSeed, features, lastStep: result.difference.step, print: console.log });
    if (differences >= differencesMax) break;
  }
  for (const [name, count] of explained) {
    const why = meantDifferences.find((meant) => meant.name === name)?.why ?? '';
    console.log(`${count} × ${name}${why === '' ? '' : `: ${why}`}`);
  }
  console.log(`${steps} steps, ${requests} requests, ${differences} differences between etcd and ${subject}`);
  return differences === 0 ? 0 : 1;
}

function report(difference: FoundDifference, flags: string): void {
  console.log(`\nDIFFERENCE at step ${difference.step}; again: ${flags}`);
  console.log(difference.sent.slice(-whole(values.tail)).join('\n'));
  console.log(`\n${difference.message}\n\n${difference.members.join('\n')}\n`);
}

process.exitCode = await main();

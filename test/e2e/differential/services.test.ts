import { describe, expect, test } from 'vitest';
import { whyNoEtcd } from '../pair.js';
import { leftOut, meantDifferences } from './differences.js';
import { runEpoch } from './epoch.js';
import type { Features } from './run.js';

/**
 * Random requests to the real etcd and to Quorate, drawn with knowledge of what both store: keys, leases, watches, users,
 * maintenance, JSON. A glance; `npm run differential -- --steps 100000 --seed 7` looks longer, and is how to see a
 * difference again, or shrunk: what is printed says with which flags.
 */
const noEtcd = whyNoEtcd();
if (noEtcd !== null) console.warn(`SKIPPED: the differential test of the services: ${noEtcd}`);

const seed = Number(process.env['DIFFERENTIAL_SEED'] ?? 20_261_121);
const stepCount = 350;
const everything = { leases: true, watches: true, auth: true, maintenance: true, gateway: true };

describe.skipIf(noEtcd !== null)('Quorate answers as etcd does', () => {
  test.each<[string, Features]>([
    ['without users', { ...everything, auth: false }],
    ['with users', everything],
  ])('%s', { timeout: 90_000 }, async (_, features) => {
    const steps = Array.from({ length: stepCount }, (__, index) => index);
    const { difference, stepCount: done } = await runEpoch({ seed, features, steps });
    const report = difference === null ? '' : [...difference.sent.slice(-25), difference.message].join('\n');
    expect(report, `seed ${seed}, step ${difference?.step ?? 'none'}`).toBe('');
    expect(done).toBe(stepCount);
  });
});

test('each meant difference has a name of its own, and both sides', () => {
  const names = meantDifferences.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  for (const { etcd, quorate, why } of [...meantDifferences, ...leftOut]) {
    expect(Math.min(etcd.length, quorate.length, why.length)).toBeGreaterThan(0);
  }
});

import { defineConfig } from 'vitest/config';

/** Whole clusters and commands as users run them, beside the real etcd where it is installed: minutes. */
const system = [
  'test/{bench,cli,client,cluster,e2e,hostile}/**/*.test.ts',
  'test/jepsen-like/{live,report}/**/*.test.ts',
];

// Tests start real processes and open real databases; each waits for conditions, and these are only the last bounds.
const bounds = { testTimeout: 120_000, hookTimeout: 60_000 };

export default defineConfig({
  test: {
    pool: 'forks',
    maxWorkers: 3,
    projects: [
      { test: { ...bounds, name: 'unit', include: ['test/**/*.test.ts'], exclude: system } },
      { test: { ...bounds, name: 'system', include: system } },
    ],
  },
});

import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { replay } from './script.js';

/** `UPDATE=1 npx vitest run test/raft/scripts.test.ts` writes what happens now into the scripts. Read the difference. */
describe('the core does what the scripts tell', () => {
  const folder = new URL('scripts/', import.meta.url);
  const names = readdirSync(folder).filter((name) => name.endsWith('.txt'));

  test('there are scripts', () => {
    expect(names.length).toBeGreaterThan(10);
  });

  test.each(names)('%s', (name) => {
    const file = new URL(name, folder);
    const told = readFileSync(file, 'utf8');
    const happened = replay(told);
    if (process.env['UPDATE'] === '1') writeFileSync(file, happened);
    else expect(happened).toBe(told);
  });
});

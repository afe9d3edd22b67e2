import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { mutants } from '../../jepsen-like/mutants/mutants.js';
import { workloads } from '../../jepsen-like/workloads/index.js';

const dist = new URL('../../dist/', import.meta.url);

test.each(mutants.map((mutant) => [mutant.name, mutant] as const))(
  'the mutant “%s” changes one place of what is built',
  async (_, { file, find, replace }) => {
    const source = await readFile(new URL(file, dist), 'utf8');
    expect(source.split(find).length - 1).toBe(1);
    expect(replace).not.toBe(find);
  },
);

test('mutants have names of their own, and workloads that there are', () => {
  const names = mutants.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  const known = workloads.map(({ name }) => name);
  for (const mutant of mutants) expect(known).toEqual(expect.arrayContaining([...(mutant.workloads ?? [])]));
});

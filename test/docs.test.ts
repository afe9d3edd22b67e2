import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { loadSchema } from '../src/api/gateway/index.js';
import { meantDifferences } from './e2e/differential/differences.js';

/** How the page tells each of them. */
const told: Readonly<Record<string, string>> = {
  'who is told of members and alarms': 'lists members and alarms',
  'who is told of leases': 'sees its keys, lists leases',
  'refusals of Maintenance': 'names who Maintenance refuses',
  'password for a user without one': 'says that a user has no password',
  'unknown token of a wrong request': 'a wrong request with an unknown token',
};

describe('docs/compatibility.md', () => {
  test('names every method of the API with every field of its request and its answer', async () => {
    const text = await readFile('docs/compatibility.md', 'utf8');
    const root = loadSchema();
    const missing: string[] = [];
    for (const service of [
      ...['KV', 'Watch', 'Lease', 'Cluster', 'Maintenance', 'Auth'].map((name) => `etcdserverpb.${name}`),
      'v3lockpb.Lock',
      'v3electionpb.Election',
    ]) {
      const [, section = ''] = text.split(`### \`${service}\`\n`);
      for (const method of root.lookupService(service).methodsArray) {
        method.resolve();
        const row = section.split('\n').find((line) => line.startsWith(`| ${method.name} |`)) ?? '';
        if (row === '') missing.push(`${service}/${method.name}`);
        const [, , request = '', answer = ''] = row.split('|');
        for (const [type, cell] of [
          [method.resolvedRequestType, request],
          [method.resolvedResponseType, answer],
        ] as const) {
          for (const { protoName } of type?.fieldsArray ?? []) {
            if (protoName !== 'header' && !cell.includes(`\`${protoName}\``))
              missing.push(`${method.name}: ${protoName}`);
          }
        }
      }
    }
    expect(missing).toEqual([]);
  });

  test('tells the differences that the differential test takes for meant', async () => {
    const text = await readFile('docs/compatibility.md', 'utf8');
    const untold = meantDifferences.filter(({ name }) => {
      const sentence = told[name];
      return sentence === undefined || !text.includes(sentence);
    });
    expect(untold.map(({ name }) => name)).toEqual([]);
  });
});

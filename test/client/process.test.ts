import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

import { describeOnBoth } from './systems.js';

const built = join(import.meta.dirname, '..', '..', 'dist', 'test', 'client');

describeOnBoth('a program', 1, (system) => {
  async function run(fileName: string): Promise<{ readonly stdout: string; readonly stderr: string }> {
    const [endpoint = ''] = system.cluster.endpoints;
    // The time limit only bounds the failure: a program that something keeps alive never ends by itself.
    const file = join(built, fileName);
    return promisify(execFile)(process.execPath, [file, endpoint], { timeout: 30_000 });
  }

  test('the example of the README does what it says, and ends by itself', async () => {
    expect(await run('example.js')).toEqual({ stdout: 'true ada\nseats/7 ada\n', stderr: '' });
  });

  test('a client that is not closed does not keep its program alive', async () => {
    expect(await run('unclosed.js')).toEqual({ stdout: 'yes\n', stderr: '' });
  });
});

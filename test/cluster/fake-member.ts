/**
 * Stands in for a member where only the launcher is tested: takes the same flags, answers health checks, keeps a file in its
 * data folder. `FAKE_DEAF` makes it ignore SIGTERM.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    'data-dir': { type: 'string', default: '' },
    'listen-client-urls': { type: 'string', default: '' },
  },
  strict: false,
});
const dataFolder = String(values['data-dir']);
mkdirSync(dataFolder, { recursive: true });
writeFileSync(join(dataFolder, 'data'), 'something');
if (process.env['FAKE_DEAF'] !== undefined) process.on('SIGTERM', () => console.log('not now'));

createServer((_, response) => response.end('{"health":"true","reason":""}')).listen(
  Number(new URL(String(values['listen-client-urls'])).port),
  '127.0.0.1',
  () => console.log('listening'),
);

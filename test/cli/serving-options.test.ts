import { afterAll, describe, expect, test } from 'vitest';
import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { parseOptions } from '../../src/cli/parse-options.js';
import { readServing, servingOptions } from '../../src/cli/serving-options.js';
import { connect } from '../../src/client/index.js';
import { startLoneMember } from '../client/lone-member.js';

function read(...args: readonly string[]) {
  const parsed = parseOptions(servingOptions, args, {});
  if (parsed.wantsHelp) throw new Error('no help was asked for');
  return readServing(parsed.options);
}

describe('the flags about how clients are served', () => {
  test('by default, no web page may ask, and watches hear of progress every ten minutes', () => {
    expect(read()).toEqual({ allowedOrigins: [], limits: { watchProgressIntervalMs: 600_000 } });
  });

  test('origins are as browsers send them', () => {
    const origins = ['https://example.com', 'http://localhost:8080'];
    expect(read('--cors', origins.join()).allowedOrigins).toEqual(origins);
    expect(read('--cors', '*').allowedOrigins).toEqual(['*']);
  });

  test.each([
    'example.com',
    'https://example.com/',
    'https://example.com:443',
    'https://',
    'file:///x',
    'null',
  ])('%s is none', (origin) => {
    expect(() => read('--cors', `https://example.com,${origin}`)).toThrow(
      `--cors needs origins such as https://example.com or http://localhost:8080, or '*', not "${origin}"`,
    );
  });

  test.each(['--experimental-watch-progress-notify-interval', '--watch-progress-notify-interval'])(
    '%s',
    (flag) => {
      expect(read(flag, '1m30s').limits).toEqual({ watchProgressIntervalMs: 90_000 });
      for (const wrong of ['0s', '99ms', '1000h'])
        expect(() => read(flag, wrong)).toThrow('must be 100ms to 24 days');
    },
  );
});

describe('a server with these flags', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'quorate-serving-'));
  const flags = ['--cors', 'https://example.com', '--experimental-watch-progress-notify-interval=100ms'];
  const member = await startLoneMember('quorate', folder, 'http', flags);
  const client = connect(member.endpoint, { timeoutMs: 20_000 });
  afterAll(async () => {
    await client.close();
    await member.end();
    await rm(folder, { recursive: true, force: true });
  });

  const statusFor = (origin: string): Promise<number | undefined> =>
    new Promise((resolve, reject) => {
      const url = `http://${member.endpoint.replace('http://', '')}/version`;
      request(url, { headers: { origin } }, (response) => {
        response.resume();
        resolve(response.statusCode);
      })
        .on('error', reject)
        .end();
    });

  test('answers the web pages it was told of', async () => {
    await client.put('ready', 'yes');
    expect(await statusFor('https://example.com')).toBe(200);
    expect(await statusFor('https://example.org')).toBe(403);
  });

  test('tells watches of progress that often', async () => {
    const watch = client.watch('quiet', { progress: true });
    const first = watch[Symbol.asyncIterator]().next();
    await watch.ready();
    const { revision } = await client.put('elsewhere', 'x');
    expect(await first).toEqual({ done: false, value: { type: 'progress', revision } });
    watch.close();
  });
});

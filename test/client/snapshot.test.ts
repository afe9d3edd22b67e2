import { createHash } from 'node:crypto';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

import { connect } from '../../src/client/index.js';
import type { Client } from '../../src/client/index.js';
import { etcdserverpb } from '../../src/gen/protos.js';
import { inspectSnapshot } from '../../src/member/index.js';
import { testFolder } from '../bbolt/folder.js';
import { quorate } from '../cli/io.js';
import { refuse, startFakeMember } from './fake-member.js';
import type { Behaviour } from './fake-member.js';
import { describeOnBoth } from './systems.js';

const content = [Buffer.alloc(1000, 'a'), Buffer.alloc(500, 'b')];
const checksum = createHash('sha256').update(Buffer.concat(content)).digest();

/** Sends these as a snapshot; then the end, or a broken connection. */
function snapshotOf(blobs: readonly Uint8Array[], end: 'well' | 'broken' = 'well'): Behaviour {
  return (stream) => {
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
    for (const [index, blob] of blobs.entries()) {
      const remainingBytes = blobs.slice(index + 1, -1).reduce((sum, { length }) => sum + length, 0);
      const message = etcdserverpb.SnapshotResponse.encode({ remainingBytes, blob }).finish();
      const prefix = Buffer.alloc(5);
      prefix.writeUInt32BE(message.length, 1);
      stream.write(Buffer.concat([prefix, message]));
    }
    if (end === 'well') stream.end();
    else setImmediate(() => stream.session?.destroy());
  };
}

async function read(client: Client): Promise<readonly (readonly [number, number])[]> {
  const parts: (readonly [number, number])[] = [];
  for await (const { bytes, remainingSizeBytes } of client.snapshot())
    parts.push([bytes.length, remainingSizeBytes]);
  return parts;
}

describe('a snapshot', () => {
  test('comes part by part, the checksum last', async () => {
    const member = await startFakeMember(snapshotOf([...content, checksum]));
    await using client = connect(member.endpoint);
    expect(await read(client)).toEqual([
      [1000, 500],
      [500, 0],
      [32, 0],
    ]);
  });

  test.each([
    ['without a checksum', content, 'came without its checksum'],
    ['with nothing', [], 'came without its checksum'],
    ['with a wrong one', [...content, Buffer.alloc(32)], 'does not match its checksum'],
    ['with something missing', [content[0] ?? Buffer.alloc(0), checksum], 'does not match its checksum'],
  ])('that comes %s is none', async (_, blobs, message) => {
    const member = await startFakeMember(snapshotOf(blobs));
    await using client = connect(member.endpoint);
    await expect(read(client)).rejects.toMatchObject({ code: 'storage-corrupt', endpoint: member.endpoint });
    await expect(read(client)).rejects.toThrow(message);
  });

  test('is asked of the next member where one cannot give it, but never of two', async () => {
    const busy = await startFakeMember(refuse(2, 'etcdserver: too many requests'));
    const good = await startFakeMember(snapshotOf([...content, checksum]));
    await using client = connect([busy.endpoint, good.endpoint], { startAt: 'first' });
    expect(await read(client)).toHaveLength(3);
    expect([busy, good].map(({ requests }) => requests.length)).toEqual([1, 1]);
    const parts: number[] = [];
    for await (const { bytes } of client.snapshot({ endpoint: good.endpoint })) parts.push(bytes.length);
    expect(parts).toEqual([1000, 500, 32]);
    await using ofOne = connect(busy.endpoint);
    await expect(read(ofOne)).rejects.toMatchObject({ code: 'too-many-requests' });
    for (const member of [busy, good]) member.behave(snapshotOf(content, 'broken'));
    await expect(read(client)).rejects.toMatchObject({ code: 'unavailable' });
    expect([busy, good].map(({ requests }) => requests.length)).toEqual([3, 2]); // One of them, once more.
  });

  test('ends when its reader wants no more', async () => {
    const member = await startFakeMember(snapshotOf([...content, ...content, checksum]));
    await using client = connect(member.endpoint);
    const controller = new AbortController();
    const reading = (async () => {
      for await (const part of client.snapshot({ signal: controller.signal })) {
        expect(part.bytes.length).toBeGreaterThan(0);
        controller.abort();
      }
    })();
    await expect(reading).rejects.toMatchObject({ code: 'canceled' });
  });
});

describeOnBoth('quorate snapshot save', 1, (system) => {
  test('saves a file that is whole, in place of what was there', async () => {
    await using client = system.newClient();
    await client.put('saved', 'x'.repeat(100_000));
    const folder = await testFolder();
    const file = join(folder, 'backup.db');
    await writeFile(file, 'an older one');
    const [endpoint] = system.cluster.endpoints;
    const args = ['snapshot', 'save', file, '--endpoints', endpoint ?? ''];
    const saved = await quorate(args);
    expect(saved).toMatchObject({ code: 0, err: '' });
    const { revision, hasChecksum, totalSizeBytes, ...rest } = await inspectSnapshot(file);
    expect(saved.out).toBe(
      `saved ${file}: ${(totalSizeBytes / 1024).toFixed(1)} KiB, revision ${revision}\n`,
    );
    expect(hasChecksum).toBe(true);
    const json = await quorate([...args, '--json']);
    expect(JSON.parse(json.out)).toEqual({
      file,
      hash: rest.hash,
      revision,
      totalKey: rest.totalKeys,
      totalSize: totalSizeBytes,
    });
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await readdir(folder)).toEqual(['backup.db']);
    expect((await quorate(args, { isTerminal: true })).err).toMatch(/ KiB of \d+/);
  });
});

describe('quorate snapshot save leaves what was there, and nothing else, when', () => {
  test.each<[string, Behaviour, number]>([
    ['the member refuses', refuse(7, 'etcdserver: permission denied'), 1],
    ['the connection breaks', snapshotOf(content, 'broken'), 4],
    ['the checksum is wrong', snapshotOf([...content, Buffer.alloc(32)]), 1],
    ['what comes is no snapshot', snapshotOf([...content, checksum]), 1],
  ])('%s', async (_, behaviour, code) => {
    const member = await startFakeMember(behaviour);
    const folder = await testFolder();
    const file = join(folder, 'backup.db');
    await writeFile(file, 'an older one');
    const saved = await quorate(['--endpoints', member.endpoint, 'snapshot', 'save', file]);
    expect(saved).toMatchObject({ code, out: '' });
    expect(await readdir(folder)).toEqual(['backup.db']);
    expect(await readFile(file, 'utf8')).toBe('an older one');
  });

  test('it cannot be written', async () => {
    const member = await startFakeMember(snapshotOf([...content, checksum]));
    const saved = await quorate(['snapshot', 'save', '/nowhere/at/all.db', '--endpoints', member.endpoint]);
    expect(saved).toMatchObject({ code: 1, out: '' });
    expect(saved.err).toContain('/nowhere/at/all.db.part cannot be written: ENOENT');
  });
});

import { createHash } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connect } from '../../src/client/index.js';
import { etcdserverpb as pb } from '../../src/gen/protos.js';
import { restoreSnapshot } from '../../src/member/index.js';
import { startBystander } from './bystander.js';
import { dial } from './calls.js';
import type { Call } from './calls.js';
import { expectBoundedMemory } from './memory.js';
import { startTarget } from './target.js';
import type { Target } from './target.js';

const path = '/etcdserverpb.Maintenance/Snapshot';
const snapshotsAtOnceMax = 4;
const busy = { code: 2, message: 'etcdserver: too many requests' };

let target: Target;

beforeAll(async () => {
  target = await startTarget();
  await using client = connect([target.endpoint]);
  const value = Buffer.alloc(64 * 1024, 'v');
  for (let index = 0; index < 200; index++) await client.put(`k${index}`, value);
});

afterAll(async () => {
  await target.end();
});

function begin(call: Call): void {
  call.send(Buffer.alloc(0));
  call.finish();
}

/** The file with the digest behind it; null: refused. */
async function take(): Promise<Buffer | null> {
  const line = dial(target);
  const call = line.open(path);
  begin(call);
  const blobs: Uint8Array[] = [];
  for (let answer = await call.next(); answer !== null; answer = await call.next()) {
    blobs.push(pb.SnapshotResponse.decode(answer).blob);
  }
  const end = await call.ended;
  line.close();
  if (end.code !== 0) {
    expect(end).toEqual(busy);
    return null;
  }
  return Buffer.concat(blobs);
}

/** There is room once the member has noticed that others have gone. */
async function untilTaken(): Promise<Buffer> {
  const taken: Buffer[] = [];
  const attempt = async (): Promise<number> => taken.push(...[await take()].filter((each) => each !== null));
  await expect.poll(attempt, { timeout: 30_000 }).toBe(1);
  const [file] = taken;
  if (file === undefined) throw new Error('a snapshot was taken');
  return file;
}

async function openFiles(): Promise<readonly string[]> {
  return readdir(`/proc/${target.pid}/fd`);
}

describe('Snapshots', () => {
  it('that nobody reads on are few, hold up nobody, and make room when they go', async () => {
    const bystander = startBystander(target);
    const lines = Array.from({ length: snapshotsAtOnceMax }, () => dial(target));
    const calls = lines.map((line) => line.open(path));
    for (const call of calls) {
      begin(call);
      expect(await call.next()).not.toBeNull();
      call.pause();
    }
    for (let attempt = 0; attempt < 20; attempt++) expect(await take()).toBeNull();
    await bystander.answered(20);
    for (const line of lines) line.close();
    await untilTaken();
    await bystander.stop();
    await expectBoundedMemory(target);
  });

  it.skipIf(process.platform !== 'linux')(
    'begun and dropped again and again leave nothing open',
    async () => {
      const before = (await openFiles()).length;
      for (let round = 0; round < 10; round++) {
        const lines = Array.from({ length: snapshotsAtOnceMax }, () => dial(target));
        await Promise.all(
          lines.map(async (line) => {
            const call = line.open(path);
            begin(call);
            await call.next();
            line.close();
          }),
        );
      }
      await untilTaken();
      await expect
        .poll(async () => (await openFiles()).length, { timeout: 30_000 })
        .toBeLessThan(before + 15);
    },
  );
});

describe('A restore', () => {
  it('takes no file that was altered anywhere, and no name that leads elsewhere', async () => {
    const file = await untilTaken();
    expect(file.subarray(-32)).toEqual(createHash('sha256').update(file.subarray(0, -32)).digest());
    const name = join(target.dataFolder, 'snapshot.db');
    const dataFolder = join(target.dataFolder, 'restored');
    const restore = (more: { name?: string; dataFolder?: string } = {}): Promise<unknown> =>
      restoreSnapshot({
        ...{ file: name, dataFolder, name: 'n1', initialClusterToken: 't', skipHashCheck: false },
        initialCluster: [{ name: 'n1', peerUrls: ['http://127.0.0.1:1'] }],
        ...more,
      });
    for (const place of [0, 100, 8192, file.length >> 1, file.length - 33, file.length - 1]) {
      const altered = Buffer.from(file);
      altered[place] = (altered[place] ?? 0) ^ 1;
      await writeFile(name, altered);
      await expect(restore()).rejects.toMatchObject({ code: 'storage-corrupt' });
    }
    await writeFile(name, file);
    await expect(restore({ name: '../n1' })).rejects.toMatchObject({ code: 'invalid-configuration' });
    await expect(restore({ dataFolder: `${target.dataFolder}/data/../data` })).rejects.toMatchObject({
      code: 'storage-failed',
    });
    const made = (await readdir(target.dataFolder)).sort();
    expect(made).toEqual(['data', 'snapshot.db']);
    await restore();
    expect((await readFile(name)).equals(file)).toBe(true);
    expect(await readdir(dataFolder)).not.toEqual([]);
  });
});

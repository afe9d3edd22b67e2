import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connect } from '../../src/client/index.js';
import type { Client } from '../../src/client/index.js';
import { etcdserverpb } from '../../src/gen/protos.js';
import { startBystander } from './bystander.js';
import { dial } from './calls.js';
import type { Call, Line } from './calls.js';
import { expectBoundedMemory } from './memory.js';
import { startTarget } from './target.js';
import type { Target } from './target.js';

const { WatchRequest, WatchResponse } = etcdserverpb;
const watchPath = '/etcdserverpb.Watch/Watch';
const watchesPerStreamMax = 100_000;

/** Slowness is not what is tested here. */
const patience = { timeout: 30_000 };

let target: Target;
let client: Client;
const lines: Line[] = [];

beforeAll(async () => {
  target = await startTarget();
  client = connect([target.endpoint]);
});

afterAll(async () => {
  for (const line of lines) line.close();
  await client.close();
  await target.end();
});

/** A stream of watches on a connection of its own. */
function openStream(): Call {
  const line = dial(target);
  lines.push(line);
  return line.open(watchPath);
}

function create(key: string, more: etcdserverpb.WatchCreateRequest.$Properties = {}): Uint8Array {
  return WatchRequest.encode({ createRequest: { key: Buffer.from(key), ...more } }).finish();
}

async function nextAnswer(call: Call): Promise<etcdserverpb.WatchResponse> {
  const answer = await call.next();
  if (answer === null) throw new Error(`the stream has ended: ${JSON.stringify(await call.ended)}`);
  return WatchResponse.decode(answer);
}

/** So many watches on keys of their own, all of them granted. */
async function openWatches(call: Call, count: number, prefix = ''): Promise<void> {
  for (let begun = 0; begun < count; begun += 10_000) {
    const size = Math.min(10_000, count - begun);
    call.send(...Array.from({ length: size }, (_, index) => create(`${prefix}${begun + index}`)));
    for (let index = 0; index < size; index++) {
      const { created, canceled, cancelReason } = await nextAnswer(call);
      if (!created || canceled) throw new Error(`refused: ${cancelReason}`);
    }
  }
}

async function watcherCount(): Promise<number> {
  const metrics = await (await fetch(`http://${target.endpoint}/metrics`)).text();
  return Number(/^etcd_debugging_mvcc_watcher_total (\d+)$/m.exec(metrics)?.[1]);
}

describe('100,000 watches on a stream', () => {
  it('are served; one more is refused in clear words, and the stream goes on', async () => {
    const bystander = startBystander(target);
    const call = openStream();
    await openWatches(call, watchesPerStreamMax);
    expect(await watcherCount()).toBe(watchesPerStreamMax);

    call.send(create('one more'));
    const refused = await nextAnswer(call);
    expect(refused).toMatchObject({ created: true, canceled: true });
    expect(refused.cancelReason).toBe(
      'etcdserver: a stream may have 100000 watches at most: open another one',
    );

    await client.put('77777', 'seen');
    const { watchId, events } = await nextAnswer(call);
    expect([Number(watchId), events.length]).toEqual([77_777, 1]);
    call.send(WatchRequest.encode({ cancelRequest: { watchId } }).finish(), create('another'));
    expect(await nextAnswer(call)).toMatchObject({ canceled: true, watchId });
    expect(await nextAnswer(call)).toMatchObject({ created: true, canceled: false });
    await bystander.answered();
    call.cancel();
    await expect.poll(watcherCount, patience).toBe(0);
    await bystander.stop();
    await expectBoundedMemory(target);
  });
});

describe('A client that does not read', () => {
  const value = 'x'.repeat(32 * 1024);

  /** Writes far more than anything on the way to a client holds. Resolves with the revisions. */
  async function writeMuch(prefix: string): Promise<readonly number[]> {
    const revisions: number[] = [];
    for (let round = 0; round < 5; round++) {
      const puts = Array.from({ length: 100 }, (_, index) => client.put(`${prefix}${index}`, value));
      for (const { revision } of await Promise.all(puts)) revisions.push(revision);
    }
    return revisions.sort((a, b) => a - b);
  }

  function below(prefix: string): Uint8Array {
    return create(`${prefix}/`, { rangeEnd: Buffer.from(`${prefix}0`) });
  }

  /** The revisions of the first watch's events, up to `last` or the watch's end. */
  async function readAll(call: Call, last: number): Promise<{ revisions: number[]; compacted: number }> {
    const revisions: number[] = [];
    while (revisions.at(-1) !== last) {
      const { events, canceled, compactRevision } = await nextAnswer(call);
      for (const { kv } of events) revisions.push(Number(kv?.modRevision));
      if (canceled) return { revisions, compacted: Number(compactRevision) };
    }
    return { revisions, compacted: 0 };
  }

  it('costs little, and gets every event once it reads again', async () => {
    const bystander = startBystander(target);
    const calls = Array.from({ length: 30 }, () => openStream());
    for (const call of calls) {
      call.send(below('loud'));
      expect((await nextAnswer(call)).created).toBe(true);
      call.pause();
    }
    const written = await writeMuch('loud/');
    await bystander.answered();
    await bystander.stop();
    await expectBoundedMemory(target);
    for (const call of calls.splice(2)) call.cancel();
    for (const call of calls) {
      call.resume();
      expect((await readAll(call, written.at(-1) ?? 0)).revisions).toEqual(written);
      call.cancel();
    }
  });

  it('is told when its history is gone', async () => {
    const call = openStream();
    call.send(below('gone'));
    expect((await nextAnswer(call)).created).toBe(true);
    call.pause();
    const written = await writeMuch('gone/');
    const { revision } = await client.put('gone/last', '');
    await client.compact(revision);
    call.resume();
    const { revisions, compacted } = await readAll(call, revision);
    // Before that comes what was on its way, without a gap.
    expect(revisions).toEqual(written.slice(0, revisions.length));
    expect(revisions.length).toBeLessThan(written.length);
    expect(compacted).toBe(revision);
    call.cancel();
  });

  it('is not read either: its requests wait in its own memory', async () => {
    const bystander = startBystander(target);
    const requests = 60_000;
    const call = openStream();
    call.pause();
    // Each is answered with a sentence.
    call.send(...Array.from({ length: requests }, () => create('b', { rangeEnd: Buffer.from('a') })));
    await bystander.answered(20);
    await bystander.stop();
    expect(call.unsentSizeBytes).toBeGreaterThan(0);
    call.resume();
    for (let index = 0; index < requests; index++) {
      const { cancelReason } = await nextAnswer(call);
      if (cancelReason !== 'mvcc: watcher range is empty') throw new Error(`answered ${cancelReason}`);
    }
    call.cancel();
  });
});

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { mvccpb } from '../../src/gen/protos.js';
import type { etcdserverpb } from '../../src/gen/protos.js';
import { wholeKeyspace } from '../../src/client/keyspace.js';
import { createFrameReader } from '../../src/client/frames.js';
import { frameMessage } from '../../src/client/grpc.js';
import { createWatch } from '../../src/client/watch/index.js';
import type { ChangeEvent, WatchOptions } from '../../src/client/index.js';
import type { Subscriber } from '../../src/client/watch/session.js';
import { createRevisionAssembler } from '../../src/client/watch/revisions.js';
import { take, takeBatches } from './watching.js';

type Response = etcdserverpb.WatchResponse.$Properties;

function wireEvent(modRevision: number, key: string, sizeBytes = 0): mvccpb.Event.$Properties {
  return {
    type: mvccpb.Event.EventType.PUT,
    kv: { key: Buffer.from(key), modRevision, value: Buffer.alloc(sizeBytes) },
  };
}

/** A watch whose member is the test. */
function fakeWatch<const Options extends WatchOptions>(options: Options) {
  const asked: Subscriber[] = [];
  let current: Subscriber | undefined;
  const hub = {
    add(subscriber: Subscriber) {
      asked.push(subscriber);
      current = subscriber;
    },
    remove() {
      current = undefined;
    },
  };
  const store = {
    range: () => {
      throw new Error('no state is asked for');
    },
  };
  const watch = createWatch({ hub, keyspace: wholeKeyspace, store }, { prefix: '' }, options);
  return {
    watch,
    /** How often a member was asked. */
    askedCount: () => asked.length,
    subscriber: () => current,
    startRevision: () => Number(current?.request().startRevision),
    send: (response: Response) => current?.received(response),
  };
}

describe('where a watch goes on', () => {
  test('after the last whole revision, whatever came of the next one', async () => {
    const fake = fakeWatch({ fromRevision: 5 });
    const reading = take(fake.watch, 3);
    expect(fake.startRevision()).toBe(5);
    fake.subscriber()?.created(100);
    fake.send({ events: [wireEvent(7, 'a'), wireEvent(8, 'b')], fragment: true });
    expect(fake.startRevision()).toBe(8);
    fake.subscriber()?.interrupted();
    fake.send({ events: [wireEvent(8, 'b'), wireEvent(8, 'c')] });
    expect((await reading).map((event) => `${event.revision} ${event.keyText}`)).toEqual([
      '7 a',
      '8 b',
      '8 c',
    ]);
    expect(fake.startRevision()).toBe(9);
  });

  test('what it has seen already, it does not see again', async () => {
    const fake = fakeWatch({ fromRevision: 5 });
    const reading = take(fake.watch, 2);
    fake.send({ events: [wireEvent(5, 'a')] });
    fake.send({ events: [wireEvent(4, 'z'), wireEvent(5, 'a'), wireEvent(6, 'b')] });
    expect((await reading).map((event) => event.revision)).toEqual([5, 6]);
  });

  test('one that began with the present goes on from where the member began', async () => {
    const fake = fakeWatch({});
    const ready = fake.watch.ready();
    expect(fake.startRevision()).toBe(0);
    fake.subscriber()?.created(41);
    expect(await ready).toBe(42);
    expect(fake.startRevision()).toBe(42);
  });

  test('progress moves it', async () => {
    const fake = fakeWatch({ fromRevision: 5, progress: true });
    const reading = take(fake.watch, 1);
    fake.send({ header: { revision: 90 }, events: [] });
    expect(await reading).toEqual([{ type: 'progress', revision: 90 }]);
    expect(fake.startRevision()).toBe(91);
    expect(fake.watch.revision).toBe(90);
    fake.send({ header: { revision: 80 }, events: [] });
    expect(fake.startRevision()).toBe(91);
  });
});

describe('a reader that is slow', () => {
  test('the member is told to stop at the bound, and asked again when half of it was read', async () => {
    const fake = fakeWatch({ fromRevision: 1, bufferBytesMax: 10_000 });
    const first = take(fake.watch, 1);
    for (let revision = 1; revision <= 100; revision++)
      fake.send({ events: [wireEvent(revision, 'k', 1000)] });
    await first;
    expect(fake.subscriber()).toBeUndefined();
    expect(fake.askedCount()).toBe(1);
    await take(fake.watch, 2);
    expect(fake.askedCount()).toBe(1);
    await take(fake.watch, 3);
    expect(fake.askedCount()).toBe(2);
    expect(fake.startRevision()).toBe(10);
  });

  test('a revision is kept whole, even if it is larger than the bound alone', async () => {
    const fake = fakeWatch({ fromRevision: 1, bufferBytesMax: 1 });
    const batches = takeBatches(fake.watch, 1);
    fake.send({ events: [wireEvent(1, 'a', 1000), wireEvent(1, 'b', 1000), wireEvent(2, 'c', 1000)] });
    expect((await batches)[0]?.events).toHaveLength(2);
    expect(fake.startRevision()).toBe(2);
  });
});

test('revisions are put together again, however responses are cut into fragments', () => {
  const lengths = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 10 });
  fc.assert(
    fc.property(lengths, fc.array(fc.nat({ max: 6 })), (sizes, cuts) => {
      const events = sizes.flatMap((size, index) =>
        Array.from({ length: size }, (_, key) => wireEvent(index + 10, `k${key}`)),
      );
      const assembler = createRevisionAssembler(wholeKeyspace);
      const batches: { revision: number; events: readonly ChangeEvent[] }[] = [];
      let rest = events;
      for (const cut of cuts) {
        batches.push(...assembler.take({ events: rest.slice(0, cut), fragment: true }));
        rest = rest.slice(cut);
      }
      batches.push(...assembler.take({ events: rest }));
      expect(batches.map((batch) => [batch.revision, batch.events.length])).toEqual(
        sizes.map((size, index) => [index + 10, size]),
      );
    }),
  );
});

test('messages are cut out of a stream, however it is cut into chunks', () => {
  const messages = fc.array(fc.uint8Array({ maxLength: 20 }), { maxLength: 10 });
  fc.assert(
    fc.property(messages, fc.array(fc.integer({ min: 1, max: 30 })), (sent, cuts) => {
      const reader = createFrameReader(20);
      const received: Buffer[] = [];
      let rest = Buffer.concat(sent.map(frameMessage));
      for (const cut of [...cuts, rest.length]) {
        reader.push(rest.subarray(0, cut));
        rest = rest.subarray(cut);
        for (let frame = reader.next(); frame?.ok === true; frame = reader.next())
          received.push(frame.message);
      }
      expect(received.map((message) => message.toString('hex'))).toEqual(
        sent.map((message) => Buffer.from(message).toString('hex')),
      );
    }),
  );
});

test('what is no frame is told: a message that is too large, or compressed', () => {
  const large = createFrameReader(20);
  large.push(frameMessage(Buffer.alloc(21)).subarray(0, 10));
  expect(large.next()).toEqual({ ok: false, reason: 'too-large' });
  const compressed = createFrameReader(20);
  compressed.push(Buffer.from([1, 0, 0, 0, 0]));
  expect(compressed.next()).toEqual({ ok: false, reason: 'compressed' });
});

import { describe, expect, test } from 'vitest';
import { createCore, describeReady, describeStatus } from '../../src/raft/index.js';
import { fixedRandom, testOptions } from './cluster.js';
import { entriesOf, entryOf, Single, stateOf } from './single.js';

const three = ['1', '2', '3'];
const origin = { term: 0, index: 0 };

function follower(terms: readonly number[] = []): Single {
  return new Single('1', stateOf({ voters: three, entries: entriesOf(...terms) }));
}

function append(
  term: number,
  previous: { readonly term: number; readonly index: number },
  ...terms: number[]
) {
  const entries = terms.map((entryTerm, place) => entryOf(entryTerm, previous.index + place + 1));
  return { type: 'append', from: '2', to: '1', term, previous, entries, commit: 0 } as const;
}

describe('a Ready', () => {
  test('is there only when something is to be done, and numbers count up', () => {
    const node = follower();
    expect(node.core.hasReady()).toBe(false);
    node.receive(append(1, origin, 1));
    expect(node.core.hasReady()).toBe(true);
    const ready = node.take();
    expect(ready.number).toBe(1);
    expect(node.core.hasReady()).toBe(false);
    node.persist(ready);
    expect(node.core.hasReady()).toBe(false);
    node.receive(append(1, { term: 1, index: 1 }, 1));
    expect(node.take().number).toBe(2);
  });

  test('what it promises waits for the disk, what it only says does not', () => {
    const node = follower();
    node.receive(
      { type: 'heartbeat', from: '2', to: '1', term: 1, commit: 0, readContext: 4 },
      append(1, origin, 1),
    );
    const ready = node.take();
    expect(ready.messages.map(({ type }) => type)).toEqual(['heartbeat-response']);
    expect(ready.messagesAfterPersist.map(({ type }) => type)).toEqual(['append-response']);
  });

  test('a new commit index alone is saved without hurry', () => {
    const node = follower([1, 1]);
    node.receive(append(1, { term: 1, index: 2 }));
    node.settle();
    node.receive({ ...append(1, { term: 1, index: 2 }), commit: 2 });
    const ready = node.take();
    expect(ready.hardState?.commit).toBe(2);
    expect(ready.mustSync).toBe(false);
  });

  test('committed entries are handed out once, in order, and not before they are durable', () => {
    const node = follower();
    node.receive({ ...append(1, origin, 1, 1), commit: 2 });
    const first = node.take();
    expect(first.committed).toEqual([]);
    expect(node.core.hasReady()).toBe(false);
    node.persist(first);
    expect(node.take().committed.map(({ index }) => index)).toEqual([1, 2]);
    expect(node.core.hasReady()).toBe(false);
  });

  test('one answer a turn covers all appends of the turn', () => {
    const node = follower();
    node.receive(append(1, origin, 1), append(1, { term: 1, index: 1 }, 1), append(1, origin, 1));
    expect(node.settle()).toMatchObject([{ type: 'append-response', index: 2, conflict: null }]);
  });

  test('a mere notice of a commit needs no answer; what is said again is answered again', () => {
    const node = follower();
    node.receive(append(1, origin, 1, 1));
    node.settle();
    const notice = { ...append(1, { term: 1, index: 2 }), commit: 1 };
    node.receive(notice);
    expect(node.settle()).toEqual([]);
    expect(node.core.commit).toBe(1);
    node.receive(notice);
    expect(node.settle()).toMatchObject([{ type: 'append-response', index: 2 }]);

    // Another leader has not heard it yet.
    node.receive({ ...notice, from: '3', term: 2, commit: 2 });
    expect(node.settle()).toMatchObject([{ type: 'append-response', to: '3', term: 2, index: 2 }]);
  });

  test('an acknowledgement of what another Ready carries comes in a later Ready', () => {
    const node = follower();
    node.receive(append(1, origin, 1));
    const first = node.take();
    node.receive(append(1, origin, 1));
    const second = node.take();
    expect(second.entries).toEqual([]);
    expect(second.messagesAfterPersist).toMatchObject([{ type: 'append-response', index: 1 }]);
    node.persist(first);
    node.persist(second);
  });

  test('replaced entries come once more, from the first that differs', () => {
    const node = follower([1, 1, 1]);
    node.receive(append(2, { term: 1, index: 1 }, 2));
    expect(node.take().entries.map(({ term, index }) => [term, index])).toEqual([[2, 2]]);
  });

  test('a restart begins with what was persisted, and hands out again what was not applied', () => {
    const entries = entriesOf(1, 1, 1);
    const initial = {
      ...stateOf({ voters: three, entries, hardState: { term: 2, vote: '3', commit: 2 } }),
      applied: 1,
    };
    const node = new Single('1', initial);
    expect(node.core.status()).toMatchObject({
      applied: 1,
      persisted: 3,
      hardState: { term: 2, vote: '3', commit: 2 },
    });
    const ready = node.take();
    expect(ready.committed.map(({ index }) => index)).toEqual([2]);
    expect(ready.hardState).toBeNull();
    expect(ready.entries).toEqual([]);
  });

  test('what is applied was committed, whatever the hint on disk says', () => {
    const initial = { ...stateOf({ voters: three, entries: entriesOf(1, 1) }), applied: 2 };
    expect(new Single('1', initial).core.commit).toBe(2);
  });

  test('a lost log is no beginning', () => {
    const create = (hardState: object) => () =>
      createCore(
        { ...testOptions, id: '1' },
        stateOf({ voters: three, entries: entriesOf(2), hardState }),
        fixedRandom(0),
      );
    expect(create({ commit: 2 })).toThrow('all that we knew to be committed is in our log');
    expect(create({ term: 1 })).toThrow('no entry of our own log is newer than our term');
    const gap = { ...stateOf({ voters: three }), entries: [entryOf(1, 2)] };
    expect(() => createCore({ ...testOptions, id: '1' }, gap, fixedRandom(0))).toThrow('the log has no gap');
  });

  test('what the driver cannot mean is an error of ours', () => {
    const node = follower([1]);
    expect(() => node.step({ type: 'persisted', ready: 1 })).toThrow('only a Ready that was taken');
    expect(() => node.step({ type: 'applied', index: 1 })).toThrow('what is applied was handed out');
    expect(() => node.step({ type: 'compact', index: 1 })).toThrow('only what is applied is compacted');
  });
});

describe('limits', () => {
  test('a leader holds so many uncommitted bytes, but never refuses for ever', () => {
    const node = new Single('1', stateOf({ voters: three }), { uncommittedSizeBytesMax: 100 });
    node.elect('2');
    node.settle();
    node.acknowledge(1, '2');
    node.settle();
    expect(node.propose('x'.repeat(500))).toBeNull();
    expect(node.propose('y')).toBe('too-many-uncommitted');
    node.settle();
    node.acknowledge(2, '3');
    expect(node.propose('y')).toBeNull();
    expect(node.propose('z'.repeat(90))).toBe('too-many-uncommitted');
  });

  test('a peer has so many appends on their way', () => {
    const node = new Single('1', stateOf({ voters: three }), { inflightMessagesMax: 2 });
    node.elect('2');
    node.settle();
    node.acknowledge(1, '2', '3');
    node.settle();
    const sent: number[] = [];
    for (const text of ['a', 'b', 'c', 'd']) {
      node.propose(text);
      sent.push(node.settle().filter(({ type, to }) => type === 'append' && to === '2').length);
    }
    expect(sent).toEqual([1, 1, 0, 0]);
    node.acknowledge(2, '2');
    const [freed] = node.settle().filter(({ type, to }) => type === 'append' && to === '2');
    expect(freed).toMatchObject({ previous: { index: 3 }, entries: [{ index: 4 }, { index: 5 }] });
  });

  test('an append has so many bytes', () => {
    const node = new Single('1', stateOf({ voters: ['1', '2'] }), { appendSizeBytesMax: 60 });
    node.elect('2');
    node.settle();
    node.acknowledge(1, '2');
    node.settle();
    node.propose('a', 'b', 'c', 'd', 'e'.repeat(99));
    const sizes = node.settle().map((message) => (message.type === 'append' ? message.entries.length : 0));
    expect(sizes).toEqual([3, 1, 1]);
  });
});

describe('words', () => {
  test('data of clients does not show unless it is asked for', () => {
    const node = new Single('1', stateOf({ voters: ['1'] }));
    node.elect();
    node.settle();
    node.propose('secret');
    const ready = node.take();
    expect(describeReady(ready)).toEqual(['save 1/2 6 B']);
    expect(describeStatus(node.core.status())).toEqual([
      '1 leader t1 vote 1 leader 1 log 1..1/2 persisted 1 commit 1 applied 1 (1)',
    ]);
  });
});

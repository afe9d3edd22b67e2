import { describe, expect, test } from 'vitest';
import { createCore, encodeConfigurationChange } from '../../src/raft/index.js';
import type { ConfigurationChange, Entry, NodeId } from '../../src/raft/index.js';
import { Cluster, configurationOf, fixedRandom, freshState, testOptions } from './cluster.js';
import { entriesOf, entryOf, Single, stateOf } from './single.js';

/* Bugs that other systems of this kind shipped, each as the shortest story in which it would show. */

const three = ['1', '2', '3'];

function clusterOf(voters: readonly NodeId[], learners: readonly NodeId[] = []): Cluster {
  const cluster = new Cluster();
  for (const id of [...voters, ...learners]) cluster.add(id, freshState(configurationOf(voters, learners)));
  return cluster;
}

function elect(cluster: Cluster, id: NodeId): void {
  cluster.step(id, { type: 'campaign' });
  cluster.run();
  expect(cluster.core(id).role).toBe('leader');
}

function propose(cluster: Cluster, id: NodeId, ...texts: readonly string[]): void {
  expect(cluster.step(id, { type: 'propose', commands: texts.map((text) => Buffer.from(text)) })).toBeNull();
}

function changeOf(...steps: readonly string[]): ConfigurationChange {
  const types = { '+': 'add-voter', '~': 'add-learner', '-': 'remove' } as const;
  return {
    type: 'change',
    steps: steps.map((step) => ({ type: types[step.slice(0, 1) as '+'], node: step.slice(1) })),
    context: new Uint8Array(0),
  };
}

function configurationEntry(term: number, index: number, change: ConfigurationChange): Entry {
  return { term, index, kind: 'configuration', data: encodeConfigurationChange(change) };
}

/** What every node has applied, each one once. */
function expectAllApplied(
  cluster: Cluster,
  texts: readonly string[],
  ids: readonly NodeId[] = [...cluster.nodes.keys()],
) {
  for (const id of ids) expect(cluster.node(id).appliedText).toEqual(texts);
}

describe('configuration changes', () => {
  test('none before the term has committed an entry: two changes could have disjoint majorities (Ongaro 2015)', () => {
    const node = new Single('1', stateOf({ voters: three }));
    node.elect('2');
    node.settle();
    expect(node.step({ type: 'propose-configuration', change: changeOf('+4') })).toBe(
      'configuration-change-in-progress',
    );
    node.acknowledge(1, '2');
    expect(node.step({ type: 'propose-configuration', change: changeOf('+4') })).toBeNull();
  });

  test('take effect from append on: no second one while the first is not committed (etcd 11284)', () => {
    const node = new Single('1', stateOf({ voters: three }));
    node.elect('2');
    node.settle();
    node.acknowledge(1, '2');
    node.step({ type: 'propose-configuration', change: changeOf('+4') });
    expect(node.core.status().configuration.voters).toEqual(['1', '2', '3', '4']);
    expect(node.step({ type: 'propose-configuration', change: changeOf('-3') })).toBe(
      'configuration-change-in-progress',
    );
    node.settle();
    node.acknowledge(2, '2');
    expect(node.core.commit).toBe(1); // Two of four are no majority.
    node.acknowledge(2, '3');
    expect(node.core.commit).toBe(2);
  });

  test('that are truncated give way to the configuration before', () => {
    const entries = [
      entryOf(1, 1),
      configurationEntry(1, 2, changeOf('+4')),
      configurationEntry(1, 3, changeOf('+5')),
    ];
    const node = new Single('1', stateOf({ voters: three, entries }));
    expect(node.core.status().configuration.voters).toEqual(['1', '2', '3', '4', '5']);
    const previous = { term: 1, index: 2 };
    node.receive({
      type: 'append',
      from: '2',
      to: '1',
      term: 2,
      previous,
      entries: [entryOf(2, 3)],
      commit: 0,
    });
    expect(node.core.status().configuration.voters).toEqual(['1', '2', '3', '4']);
    expect(node.take().configuration?.voters).toEqual(['1', '2', '3', '4']);
    node.receive({
      type: 'append',
      from: '2',
      to: '1',
      term: 2,
      previous: { term: 1, index: 1 },
      entries: [entryOf(2, 2)],
      commit: 0,
    });
    expect(node.core.status().configuration.voters).toEqual(three);
  });

  test('survive snapshot and compaction, at every index (openraft 1808)', () => {
    const cluster = clusterOf(three);
    elect(cluster, '1');
    cluster.step('1', { type: 'propose-configuration', change: changeOf('~4') });
    cluster.run();
    cluster.step('1', { type: 'propose-configuration', change: changeOf('-3') });
    cluster.run();
    propose(cluster, '1', 'a');
    cluster.run();
    const core = cluster.core('1');
    const votersAt = (index: number): string => core.snapshotMetaAt(index).configuration.voters.join('');
    const learnersAt = (index: number): string => core.snapshotMetaAt(index).configuration.learners.join('');
    expect([1, 2, 3, 4].map(votersAt)).toEqual(['123', '123', '12', '12']);
    expect([1, 2, 3, 4].map(learnersAt)).toEqual(['', '4', '4', '4']);
    cluster.step('1', { type: 'compact', index: 2 });
    expect([2, 3, 4].map(votersAt)).toEqual(['123', '12', '12']);

    // A node with an old configuration gets it with the snapshot, and a restart keeps it.
    cluster.add('4', freshState(configurationOf([])));
    cluster.tick(2);
    cluster.restart('4');
    expect(cluster.core('4').status().configuration).toEqual(configurationOf(['1', '2'], ['4']));
  });

  describe('joint', () => {
    const joint = [entryOf(1, 1), configurationEntry(1, 2, changeOf('+4', '-1'))];

    test('one that a new leader finds in its log is left, once, by that leader (etcd 12136, 12582)', () => {
      const node = new Single('2', stateOf({ voters: three, entries: joint }));
      node.elect('3', '4');
      node.settle();
      node.acknowledge(3, '3');
      expect(node.core.commit).toBe(3);
      expect(node.core.status().configuration).toEqual(configurationOf(['2', '3', '4']));
      expect(node.step({ type: 'propose-configuration', change: { type: 'leave-joint' } })).toBe(
        'configuration-change-in-progress',
      );
      node.settle();
      node.acknowledge(4, '3');
      expect(node.entries().filter(({ kind }) => kind === 'configuration')).toHaveLength(2);
      expect(node.step({ type: 'propose-configuration', change: { type: 'leave-joint' } })).toBe(
        'invalid-configuration-change',
      );
    });

    test('one that is not committed is not left, whatever else is committed', () => {
      const node = new Single('1', stateOf({ voters: three }));
      node.elect('2');
      node.settle();
      node.acknowledge(1, '2');
      node.propose('before');
      node.step({ type: 'propose-configuration', change: changeOf('+4', '-1') });
      node.settle();
      node.acknowledge(2, '2', '3', '4');
      expect(node.core.commit).toBe(2);
      expect(node.core.status()).toMatchObject({ role: 'leader', last: { index: 3 } });
      expect(node.core.status().configuration.outgoing).toEqual(three);
      node.acknowledge(3, '2', '3');
      expect(node.core.status().last.index).toBe(4);

      // Nor does the leader go before the configuration without it is committed.
      node.settle();
      expect(node.core.role).toBe('leader');
      node.acknowledge(4, '2', '4');
      expect(node.core.role).toBe('follower');
      expect(node.settle().at(-1)).toMatchObject({ type: 'timeout-now', to: '2' });
    });

    test('one that is found in a snapshot is left too', () => {
      const configuration = { ...configurationOf(['2', '3']), outgoing: three };
      const initial = {
        ...stateOf({ voters: [], hardState: { term: 1 } }),
        snapshot: { term: 1, index: 9, configuration },
        applied: 9,
      };
      const node = new Single('2', initial);
      node.elect('3', '1');
      node.settle();
      node.acknowledge(10, '3');
      expect(node.core.status().configuration).toEqual(configurationOf(['2', '3']));
    });

    test('one is left although the leadership is being handed over', () => {
      const cluster = clusterOf(three);
      elect(cluster, '1');
      cluster.crash('3');
      cluster.step('1', { type: 'propose-configuration', change: changeOf('~3', '+2') });
      cluster.take('1');
      cluster.step('1', { type: 'transfer-leadership', to: '3' });
      cluster.run();
      expect(cluster.core('1').status().configuration).toEqual(configurationOf(['1', '2'], ['3']));
    });
  });

  test('the only node that holds the entry which removes it can still be elected, and commits it', () => {
    // 1 led, removed itself, and crashed before anybody else heard of it. 2 has the older log and cannot win.
    const removal = [entryOf(1, 1), configurationEntry(1, 2, changeOf('-1'))];
    const cluster = new Cluster();
    cluster.add('1', stateOf({ voters: ['1', '2'], entries: removal }));
    cluster.add('2', stateOf({ voters: ['1', '2'], entries: entriesOf(1) }));
    cluster.tick(45);
    expect(cluster.leader()?.id).toBe('2');
    expect(cluster.core('2').status().configuration.voters).toEqual(['2']);
  });

  test('a newcomer does not take itself for the only voter, whatever part of the log it gets first', () => {
    const cluster = clusterOf(three);
    elect(cluster, '1');
    cluster.streams = 'by hand';
    cluster.add('4', freshState(configurationOf([])));
    cluster.step('1', { type: 'propose-configuration', change: changeOf('+4') });
    cluster.run();
    cluster.isolate('4');
    cluster.tick(60, ['4']);
    expect(cluster.core('4').status()).toMatchObject({
      role: 'follower',
      last: { index: 0 },
      hardState: { term: 1 },
    });
    cluster.heal();
    cluster.stream('1', '4');
    cluster.run();
    expect(cluster.core('4').status().configuration.voters).toEqual(['1', '2', '3', '4']);
  });

  test('a learner that does not know of its promotion votes; and it never counted before (bug 17)', () => {
    const learner = new Single('4', stateOf({ voters: three, learners: ['4'] }));
    learner.receive({
      type: 'vote',
      from: '2',
      to: '4',
      term: 1,
      last: { term: 0, index: 0 },
      transfer: false,
    });
    expect(learner.settle()).toMatchObject([{ type: 'vote-response', granted: true }]);
    learner.tick(100);
    learner.step({ type: 'campaign' });
    expect(learner.core.role).toBe('follower');

    const leader = new Single('1', stateOf({ voters: three, learners: ['4', '5'] }));
    leader.elect('2');
    leader.settle();
    leader.acknowledge(1, '4', '5');
    expect(leader.core.commit).toBe(0);
  });
});

describe('terms and elections', () => {
  test('a returning node does not inflate the term, however often its link flaps (etcd 14893)', () => {
    const cluster = clusterOf(three);
    elect(cluster, '1');
    for (let flap = 0; flap < 10; flap++) {
      cluster.isolate('3');
      cluster.tick(25);
      cluster.heal();
      cluster.tick(2);
    }
    expect(cluster.core('1').role).toBe('leader');
    for (const id of three) expect(cluster.core(id).term).toBe(1);
  });

  test.each([
    { terms: [5, 4], logs: [[1], [1, 1]], winner: '2' },
    { terms: [4, 5], logs: [[1], [1, 1]], winner: '2' },
    {
      terms: [9, 2],
      logs: [
        [1, 2],
        [1, 1],
      ],
      winner: '1',
    },
    {
      terms: [2, 9],
      logs: [
        [1, 2],
        [1, 1],
      ],
      winner: '1',
    },
  ])(
    'no deadlock of pre-votes: terms $terms, logs $logs (etcd 8501, openraft 1796)',
    ({ terms, logs, winner }) => {
      const cluster = new Cluster();
      for (const [place, id] of ['1', '2'].entries()) {
        const hardState = { term: terms[place] ?? 0, vote: id };
        cluster.add(id, stateOf({ voters: three, entries: entriesOf(...(logs[place] ?? [])), hardState }));
      }
      cluster.tick(60);
      expect(cluster.leader()?.id).toBe(winner);
      expect(cluster.leader()?.core.term).toBeLessThan(15);
    },
  );

  test('a candidate with a newer term that nobody helps gets back through the leader heartbeat (etcd 8243)', () => {
    const cluster = new Cluster();
    for (const id of three) {
      const hardState = id === '3' ? { term: 9, vote: '3' } : { term: 3 };
      cluster.add(id, stateOf({ voters: three, entries: entriesOf(1, 1), hardState }));
    }
    cluster.isolate('3');
    elect(cluster, '1');
    propose(cluster, '1', 'a');
    cluster.run();
    cluster.heal();
    cluster.tick(45);
    const terms = new Set(three.map((id) => cluster.core(id).term));
    expect([...terms]).toEqual([10]);
    propose(cluster, cluster.leader()?.id ?? '', 'b');
    cluster.tick(2);
    expectAllApplied(cluster, ['1.1', '1.2', 'a', 'b']);
  });

  test.each([
    { cuts: ['2→1', '3→1'], name: 'the leader hears nobody' },
    { cuts: ['1→2', '1→3'], name: 'nobody hears the leader' },
    { cuts: ['1→2', '2→1'], name: 'one follower and the leader do not hear each other' },
    { cuts: ['1→2'], name: 'one follower does not hear the leader' },
    { cuts: ['2→1'], name: 'the leader does not hear one follower' },
  ])('writes go on under a partial partition: $name (Cloudflare 2020)', ({ cuts }) => {
    const cluster = clusterOf(three);
    elect(cluster, '1');
    for (const cut of cuts) cluster.cut(cut.slice(0, 1), cut.slice(-1));
    cluster.tick(60);
    let written = 0;
    const terms = new Set<number>();
    for (let tick = 0; tick < 60; tick++) {
      const leader = cluster.leader();
      if (leader !== null) terms.add(leader.core.term);
      if (
        leader !== null &&
        cluster.step(leader.id, { type: 'propose', commands: [Buffer.from('x')] }) === null
      )
        written++;
      cluster.tick(1);
    }
    expect(written).toBeGreaterThan(40);
    expect(terms.size).toBeLessThanOrEqual(2);
    const committed = Math.max(...three.map((id) => cluster.core(id).commit));
    expect(committed).toBeGreaterThan(40);
  });

  test('a lost TimeoutNow does not stall writes (go-dqlite 271)', () => {
    const cluster = clusterOf(three);
    elect(cluster, '1');
    cluster.step('1', { type: 'transfer-leadership', to: '2' });
    cluster.take('1');
    cluster.wires = [];
    cluster.cut('1', '2');
    expect(cluster.step('1', { type: 'propose', commands: [Buffer.from('x')] })).toBe(
      'transferring-leadership',
    );
    cluster.tick(10, ['1', '3']);
    propose(cluster, '1', 'x');
    cluster.run();
    expect(cluster.node('1').appliedText).toEqual(['x']);
  });

  test('a proposal that a leader change swallows is refused or lost, and the next one finds the new leader (etcd 5214)', () => {
    const cluster = clusterOf(three);
    elect(cluster, '1');
    propose(cluster, '2', 'lost');
    cluster.take('2');
    cluster.crash('1');
    cluster.step('2', { type: 'connection-lost', peer: '1' });
    cluster.step('3', { type: 'connection-lost', peer: '1' });
    expect(cluster.step('2', { type: 'propose', commands: [Buffer.from('too early')] })).toBe('no-leader');
    cluster.tick(5);
    propose(cluster, '3', 'found');
    cluster.run();
    expectAllApplied(cluster, ['found'], ['2', '3']);
  });

  test('a lone voter leads only once its vote is durable: else it could lead one term twice', () => {
    const node = new Single('1', stateOf({ voters: ['1'], learners: ['2'] }));
    node.step({ type: 'campaign' });
    const ready = node.take();
    expect(node.core.role).toBe('candidate');
    expect(ready.messages).toEqual([]);
    node.persist(ready);
    expect(node.core.role).toBe('leader');
  });
});

describe('the log', () => {
  test('an entry of a prior term is not committed by counting', () => {
    const node = new Single('1', stateOf({ voters: three, entries: entriesOf(1, 2) }));
    node.elect('2');
    node.settle();
    node.acknowledge(2, '2', '3');
    expect(node.core.commit).toBe(0);
  });

  test('the leader counts itself only with what its own disk has (etcd 14370)', () => {
    const node = new Single('1', stateOf({ voters: ['1', '2'] }));
    node.elect('2');
    const ready = node.take();
    node.acknowledge(1, '2');
    expect(node.core.commit).toBe(0);
    node.persist(ready);
    expect(node.core.commit).toBe(1);
  });

  test('an acknowledgement of replaced entries is no acknowledgement of those that replaced them (ABA)', () => {
    const node = new Single('1', stateOf({ voters: three, entries: entriesOf(1, 1) }));
    const previous = { term: 1, index: 2 };
    node.receive({
      type: 'append',
      from: '2',
      to: '1',
      term: 2,
      previous,
      entries: [entryOf(2, 3), entryOf(2, 4)],
      commit: 0,
    });
    const first = node.take();
    node.receive({
      type: 'append',
      from: '3',
      to: '1',
      term: 3,
      previous,
      entries: [entryOf(3, 3), entryOf(3, 4)],
      commit: 4,
    });
    const second = node.take();
    node.persist(first);
    expect(node.core.status().persisted).toBe(2);
    expect(node.core.commit).toBe(4);
    expect(node.applied.map(({ index }) => index)).toEqual([1, 2]); // Not 3 and 4: they are not durable here.
    node.persist(second);
    expect(node.core.status().persisted).toBe(4);
    expect(node.take().committed.map(({ term }) => term)).toEqual([3, 3]);
  });

  test('an old snapshot, late or twice, does not truncate a log that goes on beyond it', () => {
    const node = new Single('1', stateOf({ voters: three, entries: entriesOf(1, 1, 1, 1) }));
    const configuration = configurationOf(three);
    const arrived = { type: 'snapshot', from: '2', to: '1', term: 1 } as const;
    for (let time = 0; time < 2; time++) {
      node.receive({ ...arrived, meta: { term: 1, index: 2, configuration } });
      const ready = node.take();
      expect(ready.installSnapshot).toBeNull();
      expect(ready.messagesAfterPersist).toMatchObject([{ type: 'append-response', index: 2 }]);
      node.persist(ready);
    }
    expect(node.core.commit).toBe(2);
    expect(node.terms()).toEqual([1, 1, 1, 1]);

    // One below the commit index neither.
    node.receive({ ...arrived, meta: { term: 1, index: 1, configuration } });
    expect(node.settle()).toMatchObject([{ type: 'append-response', index: 2 }]);
    expect(node.terms()).toEqual([1, 1, 1, 1]);
  });

  test('an append from before the commit index is answered, and changes nothing', () => {
    const node = new Single(
      '1',
      stateOf({ voters: three, entries: entriesOf(1, 1, 1), hardState: { commit: 2 } }),
    );
    const previous = { term: 0, index: 0 };
    node.receive({
      type: 'append',
      from: '2',
      to: '1',
      term: 2,
      previous,
      entries: [entryOf(2, 1)],
      commit: 1,
    });
    expect(node.settle()).toMatchObject([{ type: 'append-response', index: 2, conflict: null }]);
    expect(node.terms()).toEqual([1, 1, 1]);
  });

  test('a slow follower never stalls for good, wherever compaction overtakes it (etcd/raft 31)', () => {
    const cluster = clusterOf(three);
    elect(cluster, '1');
    cluster.streams = 'by hand';
    cluster.crash('3');
    const write = (): void => {
      propose(cluster, '1', 'x');
      cluster.run();
      cluster.step('1', { type: 'compact', index: cluster.core('1').commit });
    };
    write();
    cluster.restart('3');
    cluster.tick(2);
    expect(cluster.core('1').status().progress.get('3')?.state).toBe('snapshot');
    // The snapshot that is on its way is too old when it arrives: the log begins after it now.
    const meta = cluster.core('1').snapshotMetaAt(cluster.core('1').commit);
    write();
    cluster.step('3', { type: 'message', message: { type: 'snapshot', from: '1', to: '3', term: 1, meta } });
    cluster.run();
    expect(cluster.core('1').status().progress.get('3')).toMatchObject({
      state: 'snapshot',
      match: meta.index,
    });
    cluster.step('1', { type: 'snapshot-status', peer: '3', ok: true });
    cluster.streams = 'prompt';
    cluster.tick(35);
    expect(cluster.core('3').commit).toBe(cluster.core('1').commit);
    write();
    expect(cluster.core('3').commit).toBe(cluster.core('1').commit);
  });

  test('after a snapshot and a restart the log has no gap (hashicorp/raft 545)', () => {
    const cluster = clusterOf(three);
    elect(cluster, '1');
    cluster.crash('3');
    propose(cluster, '1', 'a', 'b', 'c');
    cluster.run();
    cluster.step('1', { type: 'compact', index: 4 });
    cluster.restart('3');
    cluster.tick(2);
    propose(cluster, '1', 'd');
    cluster.run();
    cluster.restart('3');
    const { disk } = cluster.node('3');
    expect(disk.snapshot.index).toBe(4);
    expect(disk.entries.map(({ index }) => index)).toEqual([5]);
    expect(cluster.core('3').status()).toMatchObject({ first: 5, last: { index: 5 }, applied: 5 });
    expect(() => {
      const broken = { ...disk, entries: [entryOf(1, 7)] };
      createCore({ ...testOptions, id: '3' }, broken, fixedRandom(0));
    }).toThrow('the log has no gap');
  });

  test.each(['at once', 'one on its way to the disk', 'one after the other'])(
    'two snapshots in quick succession: %s (etcd 18055)',
    (how) => {
      const node = new Single('1', stateOf({ voters: three }));
      const configuration = configurationOf(three);
      const arrived = { type: 'snapshot', from: '2', to: '1', term: 3 } as const;
      node.receive({ ...arrived, meta: { term: 2, index: 10, configuration } });
      const first = how === 'at once' ? null : node.take();
      if (how === 'one after the other' && first !== null) node.persist(first);
      node.receive({ ...arrived, meta: { term: 3, index: 20, configuration } });
      node.receive({
        type: 'append',
        from: '2',
        to: '1',
        term: 3,
        previous: { term: 3, index: 20 },
        entries: [entryOf(3, 21)],
        commit: 21,
      });
      const second = node.take();
      expect(second.installSnapshot?.index).toBe(20);
      expect(second.entries.map(({ index }) => index)).toEqual([21]);
      if (how === 'one on its way to the disk' && first !== null) {
        node.persist(first);
        expect(node.core.status().applied).toBe(10);
      }
      expect(second.committed).toEqual([]);
      node.persist(second);
      expect(node.core.status()).toMatchObject({ applied: 20, persisted: 21, first: 21 });
      expect(node.take().committed.map(({ index }) => index)).toEqual([21]);
    },
  );
});

describe('reads', () => {
  test('a deposed leader confirms nothing (etcd 0.4.1, redisraft 19)', () => {
    const cluster = clusterOf(three);
    elect(cluster, '1');
    cluster.isolate('1');
    cluster.tick(25, ['2', '3']);
    propose(cluster, cluster.leader()?.id ?? '', 'new');
    cluster.run();
    expect(cluster.core('1').role).toBe('leader');
    cluster.step('1', { type: 'read', context: 1 });
    cluster.tick(5, ['1']);
    cluster.heal();
    cluster.tick(5);
    expect(cluster.node('1').reads).toEqual([]);
  });

  test('an answer to an older round or an older leadership confirms no newer read (etcd 20418)', () => {
    const node = new Single('1', stateOf({ voters: three }));
    node.elect('2');
    node.settle();
    node.acknowledge(1, '2');
    node.step({ type: 'read', context: 1 });
    node.settle();
    node.step({ type: 'read', context: 2 });
    node.settle();
    const answer = { type: 'heartbeat-response', from: '2', to: '1', term: 1 } as const;
    node.receive({ ...answer, readContext: 1 });
    node.settle();
    expect(node.reads).toEqual([{ context: 1, index: 1 }]);
    node.receive({ ...answer, readContext: 9 });
    node.settle();
    expect(node.reads).toHaveLength(1);

    // A new leadership counts its rounds anew; what the old one was told is of another term.
    node.receive({ type: 'heartbeat', from: '2', to: '1', term: 2, commit: 1, readContext: 0 });
    node.tick(10);
    node.elect('3');
    node.settle();
    node.acknowledge(2, '3');
    node.step({ type: 'read', context: 3 });
    node.settle();
    node.receive({ ...answer, readContext: 1 }, { ...answer, from: '3', readContext: 1 });
    node.settle();
    expect(node.reads).toHaveLength(1);
    node.receive({ ...answer, term: 3, readContext: 1 });
    node.settle();
    expect(node.reads.at(-1)).toEqual({ context: 3, index: 2 });
  });

  test('a follower drops its reads with the leader that it asked, and an answer of that one confirms no later read', () => {
    const node = new Single('1', stateOf({ voters: three }));
    const beat = { type: 'heartbeat', to: '1', commit: 0, readContext: 0 } as const;
    node.receive({ ...beat, from: '2', term: 1 });
    node.step({ type: 'read', context: 1 });
    expect(node.settle().at(-1)).toEqual({ type: 'read-index', from: '1', to: '2', term: 1, context: 1 });
    node.receive({ ...beat, from: '3', term: 2 });
    node.step({ type: 'read', context: 2 });
    node.settle();
    node.receive({ type: 'read-index-response', from: '2', to: '1', term: 1, context: 1, index: 0 });
    node.receive({ type: 'read-index-response', from: '2', to: '1', term: 2, context: 2, index: 0 });
    node.settle();
    expect(node.reads).toEqual([]);
    node.receive({ type: 'read-index-response', from: '3', to: '1', term: 2, context: 2, index: 5 });
    node.settle();
    expect(node.reads).toEqual([{ context: 2, index: 5 }]);
  });

  test('no read before the first commit of the term: what an older leader committed may not be known', () => {
    const node = new Single(
      '1',
      stateOf({ voters: three, entries: entriesOf(1, 1), hardState: { commit: 1 } }),
    );
    node.elect('2');
    node.settle();
    node.step({ type: 'read', context: 1 });
    expect(node.settle().filter(({ type }) => type === 'heartbeat')).toEqual([]);
    node.receive({ type: 'heartbeat-response', from: '2', to: '1', term: 2, readContext: 0 });
    expect(node.reads).toEqual([]);
    node.acknowledge(3, '2');
    node.settle();
    node.receive({ type: 'heartbeat-response', from: '2', to: '1', term: 2, readContext: 1 });
    node.settle();
    expect(node.reads).toEqual([{ context: 1, index: 3 }]);
  });

  test('a joint configuration confirms reads with both majorities, and learners confirm none', () => {
    const node = new Single('1', stateOf({ voters: three, learners: ['6'] }));
    node.elect('2');
    node.settle();
    node.acknowledge(1, '2');
    node.step({ type: 'propose-configuration', change: changeOf('+4', '+5', '-2', '-3') });
    node.step({ type: 'read', context: 1 });
    node.settle();
    const answer = { type: 'heartbeat-response', to: '1', term: 1, readContext: 1 } as const;
    for (const from of ['6', '2', '3']) node.receive({ ...answer, from });
    node.settle();
    expect(node.reads).toEqual([]);
    node.receive({ ...answer, from: '5' });
    node.settle();
    expect(node.reads).toEqual([{ context: 1, index: 1 }]);
  });
});

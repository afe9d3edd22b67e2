import { describe, expect, test } from 'vitest';

import type { Cluster, ClusterEvent, ClusterView, MemberView } from '../../cluster/index.js';
import { createJournal } from '../../src/cli/cluster-journal.js';
import { renderFrame } from '../../src/cli/cluster-table.js';
import { openLiveScreen } from '../../src/cli/live-screen.js';
import { styleFor } from '../../src/cli/style.js';
import type { MemberStatus } from '../../src/client/index.js';

const plain = styleFor({ hasColours: false });
const coloured = styleFor({ hasColours: true });

function status(overrides: Partial<MemberStatus> = {}): MemberStatus {
  return {
    endpoint: '127.0.0.1:2379',
    id: '0000000000000001',
    clusterId: '00000000000000aa',
    version: '3.5.0',
    leader: '0000000000000001',
    isLeader: false,
    isLearner: false,
    term: 4,
    index: 1200,
    appliedIndex: 1190,
    revision: 1100,
    databaseSizeBytes: 3 * 1024 * 1024,
    databaseUsedBytes: 0,
    errors: [],
    ...overrides,
  };
}

function member(name: string, overrides: Partial<MemberView> = {}): MemberView {
  return {
    name,
    clientUrl: 'http://127.0.0.1:2379',
    state: 'running',
    pid: 100,
    uptimeMs: 65_000,
    restartCount: 0,
    status: status(),
    lag: 10,
    writesPerSecond: 812.4,
    requestsPerSecond: null,
    ...overrides,
  };
}

function frame(view: ClusterView, style = plain): string[] {
  const cluster = { dataFolder: '/data', endpoints: ['127.0.0.1:2379', '127.0.0.1:22379'], tls: null };
  const now = new Date(2026, 0, 1, 12, 30, 5);
  return renderFrame({ cluster, view, lines: ['12:30:04  n1 leads term 4'], style, now });
}

function row(view: MemberView): string[] {
  const lines = frame({ members: [view], leader: null });
  return (lines[3] ?? '').split(/ {2,}/);
}

describe('the table of quorate cluster', () => {
  test('a whole frame', () => {
    const n1 = member('n1', { status: status({ isLeader: true, appliedIndex: 1200 }), lag: 0 });
    const n2 = member('n2', { clientUrl: 'http://127.0.0.1:22379', pid: 101, restartCount: 2 });
    expect(frame({ members: [n1, n2], leader: { name: 'n1', term: 4 } })).toEqual([
      'quorate cluster  2 members, n1 leads term 4  12:30:05',
      '',
      'member  role      clients          term  index  applied  lag  writes/s  revision     data     up  restarts  process',
      'n1      leader    127.0.0.1:2379      4  1,200    1,200    0       812     1,100  3.0 MiB  1m05s         0      100',
      'n2      follower  127.0.0.1:22379     4  1,200    1,190   10       812     1,100  3.0 MiB  1m05s         2      101',
      '',
      'connect  quorate put greeting hello',
      '         etcdctl get greeting',
      '         endpoints 127.0.0.1:2379,127.0.0.1:22379',
      'data     /data',
      'stop     Ctrl-C',
      '',
      'events',
      '12:30:04  n1 leads term 4',
    ]);
  });

  test.each([
    ['stopped', member('n1', { state: 'stopped', status: null })],
    ['paused', member('n1', { state: 'paused', status: null })],
    ['no answer', member('n1', { status: null })],
    ['no leader', member('n1', { status: status({ leader: undefined }) })],
    ['learner', member('n1', { status: status({ isLearner: true }) })],
  ])('says %s', (role, view) => {
    expect(row(view)[1]).toBe(role);
  });

  test('what is not known is a dash', () => {
    const down = { state: 'stopped', status: null, lag: null, writesPerSecond: null, pid: null } as const;
    const cells = row(member('n1', { ...down, uptimeMs: null }));
    expect(cells.filter((cell) => cell === '–')).toHaveLength(9);
  });

  test('calls a second have a column where members offer metrics', () => {
    const [, , header] = frame({ members: [member('n1', { requestsPerSecond: 5 })], leader: null });
    expect(header).toMatch(/writes\/s +requests\/s/);
  });

  test('colours only where they are wanted', () => {
    const view = { members: [member('n1')], leader: null };
    expect(frame(view).join('')).not.toContain('\u001b');
    expect(frame(view, coloured).join('')).toContain('\u001b[33mno leader\u001b[39m');
  });
});

describe('the journal', () => {
  function newJournal() {
    let emit: (event: ClusterEvent) => void = () => undefined;
    const cluster: Pick<Cluster, 'subscribe'> = {
      subscribe(listener) {
        emit = listener;
        return () => undefined;
      },
    };
    const journal = createJournal(cluster, () => new Date(2026, 0, 1, 1, 2, 3));
    return { journal, emit: (event: ClusterEvent) => emit(event) };
  }

  test('tells of deaths and restarts, and quotes a member that gave up', () => {
    const { journal, emit } = newJournal();
    const exit = { type: 'exited', member: 'n2', pid: 7, isExpected: false, ranForMs: 1500 } as const;
    emit({ type: 'started', member: 'n2', pid: 7 });
    emit({ ...exit, code: null, signal: 'SIGKILL', lastLines: ['not', 'of interest'] });
    emit({ type: 'restarting', member: 'n2', delayMs: 200, attempt: 1 });
    emit({ type: 'start-failed', member: 'n2', message: 'the port is taken' });
    emit({ ...exit, code: 1, signal: null, lastLines: ['disk full'] });
    expect(journal.lastLines()).toEqual([
      '01:02:03  n2 started as process 7',
      '01:02:03  n2 (process 7) was ended by SIGKILL after 1.5 s',
      '01:02:03  n2 will be started again in 0.2 s (try 1)',
      '01:02:03  n2 could not be started: the port is taken',
      '01:02:03  n2 (process 7) ended with exit code 1 after 1.5 s',
      '01:02:03      disk full',
    ]);
  });

  test('tells of a leader once, and when none is known', () => {
    const { journal } = newJournal();
    const lines: string[] = [];
    const stop = journal.onLine((line) => lines.push(line));
    for (const leader of [null, { name: 'n1', term: 2 }, { name: 'n1', term: 2 }, null, null]) {
      journal.noteView({ members: [], leader });
    }
    stop();
    journal.noteView({ members: [], leader: { name: 'n1', term: 3 } });
    expect(lines.map((line) => line.slice(10))).toEqual(['n1 leads term 2', 'no leader is known']);
    expect(journal.lastLines().at(-1)).toBe('01:02:03  n1 leads term 3');
  });

  test('remembers a bounded number of lines', () => {
    const { journal, emit } = newJournal();
    for (let pid = 1; pid <= 100; pid++) emit({ type: 'started', member: 'n1', pid });
    expect(journal.lastLines()).toHaveLength(12);
    expect(journal.lastLines().at(-1)).toContain('process 100');
  });
});

describe('the live screen', () => {
  test('draws over the last frame without clearing it first, and gives the terminal back once', () => {
    let written = '';
    const screen = openLiveScreen((text) => (written += text));
    screen.draw(['one', 'two']);
    screen.close();
    screen.close();
    screen.draw(['late']);
    expect(written.replaceAll('\u001b[', '^')).toBe(
      '^?1049h^?25l^?7l' + '^?2026h^1;1Hone^K^2;1Htwo^K^J^?2026l' + '^?7h^?25h^?1049l',
    );
  });
});

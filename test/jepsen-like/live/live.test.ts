import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { findSystem, runLive, runRound } from '../../../jepsen-like/live/index.js';
import type { LiveOptions, LivePlan, RoundResult } from '../../../jepsen-like/live/index.js';

const plan: LivePlan = {
  seed: 1,
  members: 3,
  workloads: ['register', 'set'],
  clients: 4,
  keys: 2,
  actionsPerSecond: 120,
  durationMs: 3500,
  snapshotCount: 50,
  smallDisk: null,
  faults: [
    { atMs: 400, fault: { kind: 'kill', target: 'leader', forMs: 700 } },
    { atMs: 2200, fault: { kind: 'isolate', target: 'leader', direction: 'out', forMs: 1300 } },
  ],
};

const foldersOf = async (): Promise<readonly string[]> =>
  (await readdir(tmpdir())).filter((name) => name.startsWith('quorate-torture-quorate-'));
let before: readonly string[] = [];

beforeEach(async () => void (before = await foldersOf()));
afterEach(async () => expect(await foldersOf()).toEqual(before));

async function run(signal = new AbortController().signal): Promise<RoundResult> {
  return runRound({
    plan,
    system: await findSystem('quorate'),
    usesNamespaces: false,
    replay: '',
    signal,
    tell: (line) => expect.unreachable(line),
    onProgress: () => undefined,
  });
}

describe('a live run', () => {
  test('finds nothing wrong with a cluster that loses its leader twice', async () => {
    const { violation, verdicts, history, folder } = await run();
    expect(violation).toBeNull();
    const judged = verdicts.filter(({ verdict }) => verdict.type !== 'skipped');
    expect(judged.filter(({ verdict }) => verdict.type !== 'ok')).toEqual([]);
    expect(judged.map(({ checker }) => checker)).toEqual(
      expect.arrayContaining(['linearizability', 'revisions', 'sets']),
    );
    expect(folder).toBeNull();

    const [killed, mute] = history.faults;
    expect(killed?.text).toMatch(/^n[123] killed$/);
    expect(mute?.text).toMatch(/^n[123] cut off \(out\)$/);
    const leaders = history.members.filter(({ role }) => role === 'leader');
    expect(killed?.text).toContain(leaders.findLast(({ atUs }) => atUs < (killed?.atUs ?? 0))?.member);
    expect(new Set(leaders.map(({ term }) => term)).size).toBeGreaterThan(1);
    expect(new Set(history.calls.map(({ member }) => member)).size).toBe(3);
    expect(history.calls.some(({ outcome }) => outcome.type === 'ok')).toBe(true);
    expect(new Set(history.operations.map(({ kind }) => kind))).toContain('elements');
    const begun = history.calls.map(({ invokedUs }) => invokedUs);
    expect(begun).toEqual(begun.toSorted((a, b) => a - b));
  });

  test('ends every process when it is interrupted', async () => {
    const controller = new AbortController();
    const running = run(controller.signal);
    running.catch(() => undefined);
    const logs = async (): Promise<readonly string[]> => {
      const own = (await foldersOf()).filter((name) => !before.includes(name));
      const files = await Promise.all(own.map((name) => readdir(join(tmpdir(), name))));
      return files.flat().filter((name) => name.endsWith('.log'));
    };
    await vi.waitUntil(async () => (await logs()).length === plan.members, 20_000);
    controller.abort();
    await expect(running).rejects.toThrow(expect.objectContaining({ name: 'Interrupted' }));
  });
});

describe('what is asked for in vain is told:', () => {
  const options: LiveOptions = {
    system: 'quorate',
    members: 3,
    minutes: 1,
    seeds: 1,
    firstSeed: 1,
    workloads: [],
    nemeses: [],
    actionsPerSecond: 100,
    durationMs: 1000,
    usesNamespaces: false,
    historyFile: null,
    reportFile: null,
  };
  const output = { tell: () => undefined, show: () => undefined };
  const ask = (change: Partial<LiveOptions>): Promise<unknown> =>
    runLive({ ...options, ...change }, output, new AbortController().signal);

  test('nemeses and workloads that do not exist', async () => {
    await expect(ask({ nemeses: ['kill', 'bribe'] })).rejects.toThrow(/no nemesis is called bribe: .*kill/);
    await expect(ask({ workloads: ['poker'] })).rejects.toThrow(/no workload is called poker: .*register/);
  });

  test('an etcd that is not installed', async () => {
    vi.stubEnv('PATH', '/nowhere');
    try {
      await expect(ask({ system: 'etcd' })).rejects.toThrow(/apt-get install etcd-server/);
    } finally {
      vi.unstubAllEnvs();
    }
  });
});

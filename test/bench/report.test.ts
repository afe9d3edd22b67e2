import { describe, expect, test } from 'vitest';
import { createHistogram } from '../../bench/load/histogram.js';
import { createProgress } from '../../bench/progress.js';
import { changesSince, changeTable } from '../../bench/report/compare.js';
import { renderPage } from '../../bench/report/page.js';
import { createRecorder } from '../../bench/report/results.js';
import type { Results, TimelineResult } from '../../bench/report/results.js';
import { linearScale, logScale, percentileScale } from '../../bench/report/scale.js';
import { resultTables } from '../../bench/report/table.js';
import { verdictOn } from '../../bench/report/verdict.js';
import { stallsOf } from '../../bench/work/stalls.js';
import type { WorkInfo } from '../../bench/work/types.js';

const work: WorkInfo = {
  id: 'put-64',
  name: 'put <256 B>, 64 connections',
  figures: [
    { id: 'rate', name: 'requests/s', goal: { atLeast: 1.5 } },
    { id: 'p99', name: 'p99, µs', goal: { atMost: 0.8 } },
    { id: 'p50', name: 'median, µs', goal: null },
  ],
};

function resultsWith(
  rates: { readonly etcd: readonly number[]; readonly ours: readonly number[] },
  timelines: readonly TimelineResult[] = [],
): Results {
  const recorder = createRecorder();
  const latency = createHistogram();
  for (let us = 100; us < 1000; us++) latency.record(us);
  for (const rate of rates.etcd)
    recorder.record(work, 'baseline', { figures: { rate, p99: 100, p50: 10 }, latency });
  for (const rate of rates.ours)
    recorder.record(work, 'ours', { figures: { rate, p99: 90, p50: 5 }, latency });
  return {
    format: 'quorate-bench',
    version: 1,
    at: '2026-11-21T00:00:00.000Z',
    machine: {
      processors: 2,
      model: 'a machine',
      memoryGiB: 8,
      kernel: '6',
      node: 'v20',
      etcd: 'etcd Version: 3.4',
      loadBefore: 0,
      loadAfter: 2,
    },
    settings: { rounds: 3 },
    works: recorder.works(),
    timelines,
    notes: [],
    failures: ['something & something'],
  };
}

describe('a verdict', () => {
  const figure = (
    samples: { baseline: number[]; ours: number[] },
    goal: { atLeast: number } | { atMost: number },
  ) => verdictOn({ id: 'x', name: 'x', goal, samples });

  test('compares medians, and tells how far single rounds are apart', () => {
    const verdict = figure({ baseline: [10, 20, 1000], ours: [30, 10, 40] }, { atLeast: 1.5 });
    expect(verdict).toMatchObject({ baseline: 20, ours: 30, ratio: 1.5, passes: true });
    expect(verdict.spread).toEqual([0.04, 3]);
  });

  test.each([
    [1.5, { atLeast: 1.5 }, true],
    [1.49, { atLeast: 1.5 }, false],
    [0.8, { atMost: 0.8 }, true],
    [0.81, { atMost: 0.8 }, false],
  ])('%d against %j: %s', (ratio, goal, passes) => {
    expect(figure({ baseline: [100], ours: [ratio * 100] }, goal).passes).toBe(passes);
  });

  test('is none where one side is missing', () => {
    expect(figure({ baseline: [], ours: [1] }, { atLeast: 1 }).passes).toBeNull();
  });
});

describe('the tables', () => {
  test('mark goals as met or short, and count them', () => {
    const text = resultTables(resultsWith({ etcd: [100, 110, 90], ours: [160, 150, 170] }).works);
    expect(text).toMatch(/requests\/s +100 +160 +1\.60 .*≥ 1\.50 +pass/);
    expect(text).toMatch(/p99, µs +100 +90\.0 +0\.90 .*≤ 0\.80 +SHORT/);
    expect(text).toContain('1 of 2 goals are met.');
  });

  test('have dashes for a system that did not run', () => {
    expect(resultTables(resultsWith({ etcd: [], ours: [160] }).works)).toMatch(/requests\/s +– +160 +–/);
  });
});

describe('a comparison with an earlier run', () => {
  test('is of ratios, and tells what fell short since', () => {
    const earlier = resultsWith({ etcd: [100], ours: [200] });
    const now = resultsWith({ etcd: [50], ours: [70] });
    expect(changesSince(earlier, now)[0]).toMatchObject({
      before: 2,
      after: 1.4,
      factor: 0.7,
      passesNow: false,
    });
    expect(changeTable(earlier, now)).toMatch(/2\.00 +1\.40 +0\.70 +≥ 1\.50 +NOW SHORT/);
  });

  test('leaves out what only one of them has', () => {
    const earlier = { ...resultsWith({ etcd: [1], ours: [1] }), works: [] };
    expect(changesSince(earlier, resultsWith({ etcd: [1], ours: [1] }))).toEqual([]);
  });
});

describe('stalls', () => {
  const probe = {
    slowSyncs: [{ sentMs: 1000, tookMs: 300 }],
    lateWakes: [{ sentMs: 2000, tookMs: 200 }],
    syncs: createHistogram().toPlain(),
  };

  test('are requests that were slow together', () => {
    const slow = [
      { sentMs: 5000, tookMs: 150 },
      { sentMs: 5010, tookMs: 200 },
      { sentMs: 5215, tookMs: 100 },
      { sentMs: 6000, tookMs: 110 },
    ];
    expect(stallsOf(slow, probe, 4000)).toEqual([
      { atMs: 1000, tookMs: 315, requests: 3, cause: 'system' },
      { atMs: 2000, tookMs: 110, requests: 1, cause: 'system' },
    ]);
  });

  test("are the disk's when it took half of the time, and the machine's when it woke nobody", () => {
    const causeOf = (sentMs: number, tookMs: number) => stallsOf([{ sentMs, tookMs }], probe, 0)[0]?.cause;
    expect(causeOf(1100, 150)).toBe('disk');
    expect(causeOf(1250, 150)).toBe('system');
    expect(causeOf(1950, 300)).toBe('machine');
  });
});

describe('the page', () => {
  const timeline: TimelineResult = {
    title: 'quorate: sustained',
    side: 'ours',
    stepMs: 1000,
    steps: [
      { atMs: 0, count: 10, p50Us: 100, p99Us: 500, maxUs: 900 },
      { atMs: 1000, count: 0, p50Us: 0, p99Us: 0, maxUs: 0 },
      { atMs: 2000, count: 10, p50Us: 110, p99Us: 600, maxUs: 120_000 },
    ],
    stalls: [{ atMs: 2000, tookMs: 120, requests: 4, cause: 'disk' }],
    events: [{ atMs: 1000, text: 'compaction' }],
  };
  const page = renderPage(
    resultsWith({ etcd: [100, 90], ours: [150, 160] }, [timeline]),
    resultsWith({ etcd: [1], ours: [1] }),
  );

  test('needs nothing from anywhere else', () => {
    expect(page).not.toMatch(/<script|<link|<img|src=|href=|url\(|@import/);
  });

  test('has tables, plots, stalls, what failed, and the comparison', () => {
    expect(page).toContain('SHORT');
    expect(page.match(/<svg viewBox/g)?.length).toBe(2);
    expect(page).toContain('120 ms, 4 requests: disk');
    expect(page).toContain('Failed: something &amp; something');
    expect(page).toContain('Compared with');
  });

  test('takes names for text', () => {
    expect(page).toContain('put &lt;256 B&gt;');
    expect(page).not.toContain('<256 B>');
  });

  test('draws nothing at places that are no numbers', () => {
    expect(page).not.toMatch(/NaN|Infinity/);
  });
});

describe('axes', () => {
  test('have round ticks, the last at or above the largest value', () => {
    expect(linearScale(47_000, String).ticks.map(({ value }) => value)).toEqual([
      0, 10_000, 20_000, 30_000, 40_000, 50_000,
    ]);
    expect(logScale(3, 900, String).ticks.map(({ value }) => value)).toEqual([
      1, 2, 5, 10, 20, 50, 100, 200, 500, 1000,
    ]);
  });

  test('of percentiles give each nine the same room', () => {
    const scale = percentileScale(0.9999);
    expect(scale.place(0.99) - scale.place(0.9)).toBeCloseTo(scale.place(0.999) - scale.place(0.99));
    expect(scale.ticks.map(({ text }) => text)).toEqual(['0 %', '50 %', '90 %', '99 %', '99.9 %', '99.99 %']);
  });
});

describe('progress', () => {
  test('tells what is left by what was announced and how long it took', () => {
    const lines: string[] = [];
    let nowMs = 0;
    const output = { isTerminal: false, write: (text: string) => void lines.push(text), nowMs: () => nowMs };
    const progress = createProgress(300, output);
    progress.step('first', 100);
    nowMs = 200_000; // Twice as long as announced.
    progress.step('second', 100);
    expect(lines).toEqual(['[5 min left] first\n', '[7 min left] second\n']);
  });
});

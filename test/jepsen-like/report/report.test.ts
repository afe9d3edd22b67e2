import { createHash } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Anomaly, Verdict } from '../../../jepsen-like/checkers/types.js';
import type { History } from '../../../jepsen-like/history/index.js';
import { renderReport } from '../../../jepsen-like/report/index.js';
import type { ReportOptions } from '../../../jepsen-like/report/index.js';
import { hostile, hostileReport } from './hostile.js';
import { readMarkup } from './markup.js';
import type { Found } from './markup.js';
import { sampleReport } from './sample.js';

const usual = { seed: 7, operations: 1500, clients: 6, durationUs: 60_000_000, withAnomalies: true };

const nothing: History = {
  ...{ format: 'quorate-history-1', system: 'nothing', replay: null, plan: null },
  ...{ operations: [], calls: [], watches: [], faults: [], members: [] },
};

function withClass(found: readonly Found[], name: string): readonly Found[] {
  return found.filter(({ attributes }) => (attributes.get('class') ?? '').split(' ').includes(name));
}

function textOf(found: readonly Found[]): string {
  return found.map(({ text }) => text).join(' ');
}

describe('a report', () => {
  let options: ReportOptions;
  let markup: string;
  let found: readonly Found[];
  beforeAll(() => {
    options = sampleReport(usual);
    markup = renderReport(options);
    found = readMarkup(markup);
  });

  it('is the same for the same run', () => {
    expect(renderReport(sampleReport(usual)) === markup).toBe(true);
  });

  it('needs nothing from anywhere', () => {
    for (const { name, attributes } of found) {
      expect(['link', 'img', 'iframe', 'object', 'embed', 'base']).not.toContain(name);
      for (const key of attributes.keys()) expect(key).not.toMatch(/^(on.*|src|href|srcset|style|action)$/);
    }
    expect(/https?:\/\//.test(markup)).toBe(false);
    expect(textOf(found.filter(({ name }) => name === 'style'))).not.toMatch(/url\(|@import/);
  });

  it('allows its own script and style and nothing else', () => {
    const policy = found.find(({ attributes }) => attributes.get('http-equiv') === 'Content-Security-Policy');
    const content = policy?.attributes.get('content') ?? '';
    expect(content).toContain("default-src 'none'");
    const digest = (text: string): string => createHash('sha256').update(text).digest('base64');
    const script = found.find(({ name, attributes }) => name === 'script' && !attributes.has('type'));
    const style = found.find(({ name }) => name === 'style');
    expect(content).toContain(`script-src 'sha256-${digest(script?.text ?? '')}'`);
    expect(content).toContain(`style-src 'sha256-${digest(style?.text ?? '')}'`);
  });

  it('tells the verdicts first, the worst of them at the top', () => {
    const words = withClass(found, 'word').map(({ text }) => text);
    expect(words.slice(0, 5)).toEqual(['violated', 'violated', 'violated', 'unknown', 'holds']);
    expect(markup.indexOf('id="verdicts"')).toBeLessThan(markup.indexOf('id="run"'));
    expect(textOf(withClass(found, 'sentence'))).toBe('3 anomalies found by 3 checkers');
  });

  it('draws a cycle with its edges named', () => {
    expect(withClass(found, 'node')).toHaveLength(3);
    expect(withClass(found, 'arrow')).toHaveLength(3);
    expect(withClass(found, 'kind').map(({ text }) => text)).toEqual(['rw', 'wr', 'rw']);
    expect(textOf(withClass(found, 'why'))).toContain('without the 8 that');
  });

  it('draws the operation that fits nowhere, the order before it, and the states that exclude it', () => {
    // Once for wide windows, once for narrow ones.
    expect(withClass(found, 'stuck')).toHaveLength(2);
    expect(withClass(found, 'point')).toHaveLength(14);
    expect(withClass(found, 'state').map(({ text }) => text)).toEqual([
      'register/7 = 43',
      'register/7 = 43, write of 43 not done',
    ]);
    expect(textOf(withClass(found, 'excludes'))).toContain('the operation read 42');
  });

  it('draws what a watch should have said beside what it said', () => {
    expect(withClass(found, 'parting').filter(({ name }) => name === 'g')).toHaveLength(4);
    expect(withClass(found, 'absent')).toHaveLength(2);
  });

  it('says how to do it again', () => {
    const byId = (id: string): string =>
      textOf(found.filter(({ attributes }) => attributes.get('id') === id));
    expect(byId('seed')).toBe('7');
    expect(byId('replay')).toBe('npm run torture -- --replay 7');
    expect(byId('plan')).toBe(options.history.plan);
  });
});

describe('an anomaly without a drawing', () => {
  const { history } = sampleReport({ ...usual, withAnomalies: false });
  const render = (anomaly: Partial<Anomaly>): readonly Found[] => {
    const whole: Anomaly = {
      ...{ name: 'two holders of a lock', explanation: 'both hold lock/1' },
      ...{ operations: [], calls: [], watches: [], drawing: null },
      ...anomaly,
    };
    const verdict: Verdict = { type: 'violated', anomalies: [whole] };
    const markup = renderReport({ history, verdicts: [{ checker: 'locks', verdict }], title: 'a lock' });
    return readMarkup(markup);
  };

  it('shows what was before what, and leads to the place', () => {
    const found = render({ operations: [30, 31, 35] });
    expect(withClass(found, 'bar')).toHaveLength(6);
    expect(withClass(found, 'show')[0]?.attributes.get('data-operations')).toBe('30 31 35');
  });

  it('leads to a moment, where an invariant broke', () => {
    const found = render({ atUs: 12_000_000 });
    const at = Number(withClass(found, 'show')[0]?.attributes.get('data-at'));
    // Since the run began.
    expect(at).toBeGreaterThan(11_900_000);
    expect(at).toBeLessThanOrEqual(12_000_000);
  });

  it('may name what the history does not have', () => {
    expect(textOf(render({ operations: [999_999], watches: [777] }))).toContain('not in this history');
  });
});

describe('a report of very little', () => {
  it('says that nothing was checked', () => {
    const found = readMarkup(renderReport({ history: nothing, verdicts: [], title: '' }));
    expect(textOf(withClass(found, 'sentence'))).toBe('Nothing was checked');
  });
});

describe('a report of keys, values and errors that mean harm', () => {
  it('shows them as text', () => {
    const markup = renderReport(hostileReport());
    const found = readMarkup(markup);
    expect(found.filter(({ name }) => name === 'img' || name === 'b')).toEqual([]);
    // A turned direction of writing would make others of the words after it.
    expect(/[\u202e\u2066\p{Cs}]|\0/u.test(markup)).toBe(false);
    expect(textOf(found).includes(hostile.slice(0, 20))).toBe(true);
  });
});

describe('a report of 100,000 operations', () => {
  it('stays small', () => {
    const { history, verdicts, title } = sampleReport({
      ...{ seed: 8, operations: 100_000, clients: 20, durationUs: 1_000_000_000, withAnomalies: true },
    });
    // Of a plan that nobody shrank, only the beginning is shown.
    const plan = `plan {"seed":8}\n${'9.120s client 2: {"type":"write"}\n'.repeat(100_000)}`;
    const markup = renderReport({ history: { ...history, plan }, verdicts, title });
    expect(history.operations.length).toBeGreaterThan(85_000);
    expect(markup.length).toBeLessThan(6_000_000);
    const found = readMarkup(markup);
    const scripts = found.filter(({ name }) => name === 'script');
    const packed = scripts.find(({ attributes }) => attributes.get('id') === 'whole-plan')?.text ?? '';
    expect(gunzipSync(Buffer.from(packed, 'base64')).toString() === plan).toBe(true);
    expect(markup.length - textOf(scripts).length).toBeLessThan(150_000);
  });
});

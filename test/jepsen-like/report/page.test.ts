import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { renderReport } from '../../../jepsen-like/report/index.js';
import type { ReportOptions } from '../../../jepsen-like/report/index.js';
import { findChromium, launchChromium } from './chromium.js';
import type { Chromium } from './chromium.js';
import { hostileReport } from './hostile.js';
import { sampleReport } from './sample.js';

const path = findChromium();
const data = 'document.documentElement.dataset';

/** What is drawn, and what is asked of it, in a real browser; where none is installed, nothing can be asked. */
describe.skipIf(path === null)('the page of a report, in Chromium', () => {
  let browser: Chromium;
  let folder: string;
  let opened = 0;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'quorate-report-'));
    browser = await launchChromium(path ?? '');
  });
  afterAll(async () => {
    await browser.close();
    await rm(folder, { recursive: true, force: true });
  });

  async function open(options: ReportOptions): Promise<void> {
    const file = join(folder, `${++opened}.html`);
    await writeFile(file, renderReport(options));
    await browser.send('Page.navigate', { url: `file://${file}` });
    const isThere = `location.href.endsWith('/${opened}.html') && document.documentElement !== null`;
    await browser.waitFor(`${isThere} && ${data}.state !== undefined`);
    expect(await browser.evaluate(`${data}.state`)).toBe('ready');
  }

  async function windowShown(): Promise<readonly [number, number]> {
    const [from, to] = String(await browser.evaluate(`${data}.window`))
      .split(' ')
      .map(Number);
    return [from ?? NaN, to ?? NaN];
  }

  /** Does something that is to be drawn, and waits until it is. */
  async function act(expression: string): Promise<void> {
    const frames = Number(await browser.evaluate(`${data}.frames`));
    await browser.evaluate(expression);
    await browser.waitFor(`Number(${data}.frames) > ${frames}`);
  }

  const key = (name: string): string =>
    `document.getElementById('timeline').dispatchEvent(new KeyboardEvent('keydown', { key: '${name}', bubbles: true }))`;
  /** How many colours a canvas shows: one alone is nothing drawn. */
  const coloursOf = (id: string): string => `(() => {
    const canvas = document.getElementById('${id}');
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    return new Set(new Uint32Array(data.buffer)).size;
  })()`;

  describe('of a run with anomalies', () => {
    beforeAll(async () => {
      await open(
        sampleReport({ seed: 7, operations: 3000, clients: 8, durationUs: 60_000_000, withAnomalies: true }),
      );
    });

    it('draws every plot, without a word of complaint', async () => {
      for (const id of ['overview', 'rate', 'latency', 'timeline'])
        expect(await browser.evaluate(coloursOf(id))).toBeGreaterThan(8);
      expect(browser.complaints).toEqual([]);
    });

    it('begins with the whole run', async () => {
      const [from, to] = await windowShown();
      expect(from).toBeLessThanOrEqual(0);
      expect(to).toBeGreaterThan(59_000_000);
    });

    it('comes closer and moves by keys', async () => {
      const [from, to] = await windowShown();
      await act(key('+'));
      const near = await windowShown();
      expect(near[1] - near[0]).toBeLessThan((to - from) * 0.7);
      await act(key('ArrowRight'));
      expect((await windowShown())[0]).toBeGreaterThan(near[0]);
      await act(key('0'));
      expect(await windowShown()).toEqual([from, to]);
    });

    it('leads from an anomaly to its place, and back', async () => {
      await act(`document.querySelector('#anomaly-1 .show').click()`);
      const [from, to] = await windowShown();
      expect(to - from).toBeLessThan(100_000);
      expect(await browser.evaluate(`document.getElementById('strip-text').textContent`)).toBe(
        'Anomaly 1: stale read',
      );
      await browser.evaluate(`document.getElementById('strip-back').click()`);
      expect(await browser.evaluate(`document.activeElement.dataset.anomaly`)).toBe('1');
      await act(`document.getElementById('strip-clear').click()`);
      expect(await browser.evaluate(`document.getElementById('strip').hidden`)).toBe(true);
    });

    it('finds an operation by its number', async () => {
      await act(
        `document.getElementById('go-number').value = '100', document.querySelector('#go button').click()`,
      );
      expect(await browser.evaluate(`document.getElementById('strip-text').textContent`)).toBe(
        'Operation 100',
      );
    });

    it('tells of what is pointed at', async () => {
      await act(`document.querySelector('#anomaly-2 .show').click()`);
      const box = (await browser.evaluate(`(() => {
        const { left, top, width } = document.getElementById('rate').getBoundingClientRect();
        return { left, top, width };
      })()`)) as { readonly left: number; readonly top: number; readonly width: number };
      await browser.evaluate(`document.getElementById('rate').scrollIntoView()`);
      const top = Number(
        await browser.evaluate(`document.getElementById('rate').getBoundingClientRect().top`),
      );
      await browser.send('Input.dispatchMouseEvent', {
        ...{ type: 'mouseMoved', x: box.left + box.width / 2, y: top + 60 },
      });
      await browser.waitFor(`!document.getElementById('tip').hidden`);
      expect(await browser.evaluate(`document.getElementById('tip').textContent`)).toMatch(/ok.*per second/);
    });

    it('fits a narrow window', async () => {
      const narrow = { width: 360, height: 780, deviceScaleFactor: 1, mobile: false };
      await browser.send('Emulation.setDeviceMetricsOverride', narrow);
      await browser.waitFor('document.documentElement.clientWidth <= 360');
      expect(await browser.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(360);
      await browser.send('Emulation.clearDeviceMetricsOverride');
    });
  });

  it('draws the moment at which an invariant broke', async () => {
    const { history } = sampleReport({
      ...{ seed: 3, operations: 500, clients: 4, durationUs: 40_000_000, withAnomalies: false },
    });
    const broken = {
      name: 'election safety',
      explanation: 'm1 and m2 both lead in term 4',
      atUs: 20_000_000,
    };
    const anomaly = { ...broken, operations: [], calls: [], watches: [], drawing: null };
    const verdicts = [
      { checker: 'invariants', verdict: { type: 'violated', anomalies: [anomaly] } as const },
    ];
    await open({ history, verdicts, title: 'broken' });
    await act(`document.querySelector('#anomaly-1 .show').click()`);
    const [from, to] = await windowShown();
    expect(to - from).toBeLessThan(5_000_000);
    expect(from).toBeLessThan(20_000_000);
    expect(to).toBeGreaterThan(19_900_000);
  });

  it('runs nothing of what a history holds', async () => {
    await open(hostileReport());
    for (const number of [1, 4, 5]) await act(`document.querySelector('#anomaly-${number} .show').click()`);
    expect(await browser.evaluate('globalThis.harmed')).toBeUndefined();
    expect(await browser.evaluate(`document.querySelectorAll('img').length`)).toBe(0);
    expect(browser.complaints).toEqual([]);
  });

  it('draws more than can be told apart', async () => {
    await open(
      sampleReport({ seed: 8, operations: 12_000, clients: 20, durationUs: 3e8, withAnomalies: true }),
    );
    expect(await browser.evaluate(coloursOf('timeline'))).toBeGreaterThan(8);
    expect(browser.complaints).toEqual([]);
  });
});

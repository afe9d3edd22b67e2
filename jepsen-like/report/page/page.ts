import { drawMoment } from './axis.js';
import { browser, element } from './browser.js';
import { formatDuration, formatTime } from './format.js';
import { listenToPointers } from './gestures.js';
import { createHover } from './hover.js';
import { createJumps } from './jumps.js';
import { listenToKeys } from './keys.js';
import { nothingMarked } from './lane.js';
import { createLatencyPlot } from './latency.js';
import { createOverview } from './overview.js';
import { listenToOverview } from './overview-gestures.js';
import { createRatePlot } from './rate.js';
import type { Run } from './run.js';
import { niceTimeStep } from './scale.js';
import { createShade } from './shade.js';
import { frameOf } from './surface.js';
import { createTimeline } from './timeline.js';
import { createView } from './view.js';

/** Around something that the keys come to, if it is out of sight: so many times its length. */
const stepRoom = 8;

/** Puts the plots together: one window of time, one redraw a frame. */
export function createPage(run: Run): void {
  const { dataset } = browser.document.documentElement;
  let isScheduled = false;
  let marked = nothingMarked;
  let cursorUs = 0;

  const view = createView(run.endUs, schedule);
  const shade = createShade(run.faults);
  const overview = createOverview(run, shade, view);
  const timeline = createTimeline(run, shade, () => marked);
  const detailed = [createRatePlot(run, shade), createLatencyPlot(run, shade), timeline];
  const plots = [overview, ...detailed];
  const hover = createHover();
  const group = element('plots');

  function schedule(): void {
    if (isScheduled) return;
    isScheduled = true;
    browser.requestAnimationFrame(() => {
      isScheduled = false;
      draw();
    });
  }

  function draw(): void {
    const begin = performance.now();
    for (const plot of plots) plot.draw(frameOf(view, plot.surface.canvas.clientWidth));
    for (const { surface } of detailed) {
      if (marked.atUs !== null) drawMoment(surface, frameOf(view, surface.width), marked.atUs);
    }
    const { fromUs, toUs } = view;
    const step = niceTimeStep((toUs - fromUs) / 100);
    element('window').textContent =
      `${formatTime(Math.max(0, fromUs), step)} to ${formatTime(Math.min(run.endUs, toUs), step)}, ${formatDuration(toUs - fromUs)}`;
    // For whoever tests the page, or wonders why it is slow.
    dataset['drawMs'] = (performance.now() - begin).toFixed(1);
    dataset['window'] = `${Math.round(fromUs)} ${Math.round(toUs)}`;
    dataset['frames'] = String(Number(dataset['frames'] ?? '0') + 1);
  }

  function step(direction: 1 | -1): void {
    const frame = (): ReturnType<typeof frameOf> => frameOf(view, timeline.surface.width);
    const hit = timeline.step(frame(), cursorUs, direction);
    if (hit === null) return;
    cursorUs = hit.atUs;
    if (hit.atUs < view.fromUs || hit.atUs + hit.lengthUs > view.toUs || hit.lengthUs < frame().usPerPx) {
      const room = Math.max(
        hit.lengthUs * stepRoom,
        Math.min(view.toUs - view.fromUs, 100 * stepRoom * 1000),
      );
      view.show(hit.atUs + hit.lengthUs / 2 - room / 2, hit.atUs + hit.lengthUs / 2 + room / 2);
    }
    hover.tell(timeline.step(frame(), cursorUs - direction * 0.5, direction), timeline);
  }

  for (const plot of detailed) {
    listenToPointers(plot, view, group, { onHover: (at) => hover.point(at), onPress: () => hover.keep() });
  }
  listenToOverview(overview, view);
  listenToKeys(group, view, {
    chooseLane(direction) {
      const name = timeline.chooseLane(direction);
      cursorUs = view.fromUs;
      hover.tell({ lines: [{ style: 'strong', text: name }], box: null, atUs: 0, lengthUs: 0 }, timeline);
      schedule();
    },
    step,
    clear() {
      hover.clear();
      jumps.clear();
    },
  });
  const jumps = createJumps(run, view, timeline, (now) => {
    marked = now;
    hover.clear();
    schedule();
  });

  const actions: Readonly<Record<string, () => void>> = {
    in: () => view.zoom(0.5, (view.fromUs + view.toUs) / 2),
    out: () => view.zoom(2, (view.fromUs + view.toUs) / 2),
    fit: () => view.fit(),
  };
  for (const button of browser.document.querySelectorAll('[data-zoom]'))
    button.addEventListener('click', () => actions[button.dataset['zoom'] ?? '']?.());

  new browser.ResizeObserver(schedule).observe(group);
  browser.matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
    for (const plot of plots) plot.surface.forgetColours();
    schedule();
  });
  draw();
}

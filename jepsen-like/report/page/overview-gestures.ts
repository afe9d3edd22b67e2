import type { PagePointerEvent } from './browser.js';
import type { Overview } from './overview.js';
import type { View } from './view.js';

/** Press or drag where the window should be; the keys are those of all plots. */
export function listenToOverview(overview: Overview, view: View): void {
  const { canvas } = overview.surface;
  /** Where in the window it was taken. */
  let taken: number | null = null;

  const usOf = (event: PagePointerEvent): number =>
    overview.wholeFrame().usOf(event.clientX - canvas.getBoundingClientRect().left);

  canvas.addEventListener('pointerdown', (event) => {
    if (event.pointerType === 'mouse' && event.button !== 0) return;
    canvas.setPointerCapture(event.pointerId);
    const us = usOf(event);
    const span = view.toUs - view.fromUs;
    const isInside = us >= view.fromUs && us <= view.toUs;
    taken = isInside ? us - view.fromUs : span / 2;
    move(us);
  });
  canvas.addEventListener('pointermove', (event) => {
    if (taken !== null) move(usOf(event));
  });
  const letGo = (): void => {
    taken = null;
  };
  canvas.addEventListener('pointerup', letGo);
  canvas.addEventListener('pointercancel', letGo);

  function move(us: number): void {
    if (taken !== null) view.pan(us - taken - view.fromUs);
  }
}

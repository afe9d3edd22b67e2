import type { PageElement } from './browser.js';
import type { View } from './view.js';

export interface KeyListener {
  chooseLane(direction: 1 | -1): void;
  step(direction: 1 | -1): void;
  clear(): void;
}

const panPart = 0.15;
const zoomPart = 0.6;

/** The keys of the plots, while one of them has the focus. */
export function listenToKeys(plots: PageElement, view: View, listener: KeyListener): void {
  const span = (): number => view.toUs - view.fromUs;
  const zoom = (factor: number): void => view.zoom(factor, (view.fromUs + view.toUs) / 2);
  const actions: Readonly<Record<string, () => void>> = {
    ArrowLeft: () => view.pan(-span() * panPart),
    ArrowRight: () => view.pan(span() * panPart),
    'Shift ArrowLeft': () => listener.step(-1),
    'Shift ArrowRight': () => listener.step(1),
    ArrowUp: () => listener.chooseLane(-1),
    ArrowDown: () => listener.chooseLane(1),
    '+': () => zoom(zoomPart),
    '=': () => zoom(zoomPart),
    'Shift +': () => zoom(zoomPart),
    '-': () => zoom(1 / zoomPart),
    '0': () => view.fit(),
    Home: () => view.pan(-Infinity),
    End: () => view.pan(Infinity),
    Escape: () => listener.clear(),
  };
  plots.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const action = actions[event.shiftKey ? `Shift ${event.key}` : event.key];
    if (action === undefined) return;
    event.preventDefault();
    action();
  });
}

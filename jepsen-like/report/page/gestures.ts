import { browser } from './browser.js';
import type { PageElement, PagePointerEvent, PageWheelEvent } from './browser.js';
import type { Plot } from './plot.js';
import { frameOf } from './surface.js';
import type { Frame } from './surface.js';
import type { View } from './view.js';

export interface PointerListener {
  /** Null: the pointer left. */
  onHover(
    at: { readonly plot: Plot; readonly frame: Frame; readonly x: number; readonly y: number } | null,
  ): void;
  onPress(): void;
}

/** Pixels that a press may move and still be one. */
const pressPx = 4;
const wheelZoom = 0.0016;
const closer = 0.4;
const linePx = 16;

/** Drag to move, wheel or pinch to zoom, double click to come closer, on one plot. */
export function listenToPointers(
  plot: Plot,
  view: View,
  group: PageElement,
  listener: PointerListener,
): void {
  const { canvas } = plot.surface;
  const pointers = new Map<number, { x: number; y: number }>();
  let moved = 0;

  const frame = (): Frame => frameOf(view, plot.surface.width);
  const placeOf = (event: PagePointerEvent): { x: number; y: number } => {
    const { left, top } = canvas.getBoundingClientRect();
    return { x: event.clientX - left, y: event.clientY - top };
  };

  canvas.addEventListener('pointerdown', (event) => {
    if (event.pointerType === 'mouse' && event.button !== 0) return;
    canvas.setPointerCapture(event.pointerId);
    canvas.focus({ preventScroll: true });
    pointers.set(event.pointerId, placeOf(event));
    moved = 0;
    if (event.pointerType === 'mouse') event.preventDefault(); // No text is selected by dragging.
  });

  canvas.addEventListener('pointermove', (event) => {
    const now = placeOf(event);
    const before = pointers.get(event.pointerId);
    if (before === undefined) {
      listener.onHover({ plot, frame: frame(), ...now });
      return;
    }
    moved += Math.hypot(now.x - before.x, now.y - before.y);
    if (moved > pressPx) {
      canvas.classList.toggle('dragging', true);
      if (pointers.size === 2) pinch(event.pointerId, before, now);
      else view.pan((before.x - now.x) * frame().usPerPx);
      listener.onHover(null);
    }
    pointers.set(event.pointerId, now);
  });

  canvas.addEventListener('pointerup', (event) => {
    if (pointers.has(event.pointerId) && moved <= pressPx) {
      listener.onHover({ plot, frame: frame(), ...placeOf(event) });
      listener.onPress();
    }
    letGo(event);
  });
  canvas.addEventListener('pointercancel', letGo);
  canvas.addEventListener('pointerleave', (event) => {
    if (event.pointerType === 'mouse') listener.onHover(null);
  });

  canvas.addEventListener('dblclick', (event) => {
    event.preventDefault();
    view.zoom(closer, frame().usOf(placeOf(event).x));
  });

  canvas.addEventListener('wheel', (event) => wheel(event), { passive: false });

  /** A page that scrolls must not be caught by what lies in its way: the wheel zooms what has been clicked. */
  function wheel(event: PageWheelEvent): void {
    const unit = event.deltaMode === 0 ? 1 : linePx;
    if (Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
      event.preventDefault();
      view.pan(event.deltaX * unit * frame().usPerPx);
      return;
    }
    const isChosen = group.contains(browser.document.activeElement);
    if (!isChosen && !event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    const { x, y } = placeOf(event);
    view.zoom(Math.exp(event.deltaY * unit * wheelZoom), frame().usOf(x));
    listener.onHover({ plot, frame: frame(), x, y });
  }

  function pinch(pointerId: number, before: { readonly x: number }, now: { readonly x: number }): void {
    const other = [...pointers].find(([id]) => id !== pointerId)?.[1];
    if (other === undefined) return;
    const was = Math.max(20, Math.abs(before.x - other.x));
    const is = Math.max(20, Math.abs(now.x - other.x));
    view.zoom(was / is, frame().usOf(other.x));
  }

  function letGo(event: PagePointerEvent): void {
    pointers.delete(event.pointerId);
    if (pointers.size === 0) canvas.classList.toggle('dragging', false);
  }
}

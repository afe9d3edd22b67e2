/**
 * As much of a browser as the page uses, declared by hand: the library of DOM types would give `document` and `window` to every
 * file of the repository. What Node has too (Blob, DecompressionStream, performance, timers) needs no declaration.
 */
export interface PageNode {
  textContent: string | null;
  append(...nodes: (PageNode | string)[]): void;
  replaceChildren(...nodes: (PageNode | string)[]): void;
}

export interface PageElement extends PageNode {
  readonly dataset: Record<string, string | undefined>;
  readonly style: Record<string, string>;
  readonly classList: { toggle(name: string, on?: boolean): void };
  readonly clientWidth: number;
  readonly clientHeight: number;
  readonly offsetWidth: number;
  readonly offsetHeight: number;
  className: string;
  hidden: boolean;
  value: string;
  open: boolean;
  focus(options?: { readonly preventScroll?: boolean }): void;
  select(): void;
  remove(): void;
  contains(other: PageElement | null): boolean;
  closest(selector: string): PageElement | null;
  setAttribute(name: string, value: string): void;
  setPointerCapture(pointerId: number): void;
  getBoundingClientRect(): Box;
  scrollIntoView(options: { readonly block: 'start' | 'nearest' | 'center' }): void;
  addEventListener<Name extends keyof PageEvents>(
    name: Name,
    listener: (event: PageEvents[Name]) => void,
    options?: { readonly passive: boolean },
  ): void;
}

export interface Box {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

export interface PageEvent {
  readonly target: PageElement | null;
  preventDefault(): void;
}

export interface PagePointerEvent extends PageEvent {
  readonly pointerId: number;
  readonly pointerType: string;
  readonly button: number;
  readonly clientX: number;
  readonly clientY: number;
}

export interface PageWheelEvent extends PagePointerEvent {
  readonly deltaX: number;
  readonly deltaY: number;
  readonly deltaMode: number;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
}

export interface PageKeyEvent extends PageEvent {
  readonly key: string;
  readonly shiftKey: boolean;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly altKey: boolean;
}

interface PageEvents {
  readonly click: PageEvent;
  readonly submit: PageEvent;
  readonly focus: PageEvent;
  readonly blur: PageEvent;
  readonly dblclick: PagePointerEvent;
  readonly pointerdown: PagePointerEvent;
  readonly pointermove: PagePointerEvent;
  readonly pointerup: PagePointerEvent;
  readonly pointercancel: PagePointerEvent;
  readonly pointerleave: PagePointerEvent;
  readonly wheel: PageWheelEvent;
  readonly keydown: PageKeyEvent;
}

export type Paint = string | object;

/** What is drawn on: CanvasRenderingContext2D. */
export interface Context {
  fillStyle: Paint;
  strokeStyle: Paint;
  lineWidth: number;
  globalAlpha: number;
  font: string;
  textAlign: 'left' | 'right' | 'center';
  textBaseline: 'alphabetic' | 'middle' | 'top' | 'bottom';
  lineJoin: 'round' | 'miter';
  save(): void;
  restore(): void;
  setTransform(a: number, b: number, c: number, d: number, e: number, f: number): void;
  clearRect(x: number, y: number, width: number, height: number): void;
  fillRect(x: number, y: number, width: number, height: number): void;
  strokeRect(x: number, y: number, width: number, height: number): void;
  beginPath(): void;
  closePath(): void;
  rect(x: number, y: number, width: number, height: number): void;
  roundRect(x: number, y: number, width: number, height: number, radius: number): void;
  arc(x: number, y: number, radius: number, from: number, to: number): void;
  moveTo(x: number, y: number): void;
  lineTo(x: number, y: number): void;
  fill(): void;
  stroke(): void;
  clip(): void;
  setLineDash(pattern: readonly number[]): void;
  fillText(text: string, x: number, y: number): void;
  measureText(text: string): { readonly width: number };
  createPattern(image: Canvas, repetition: 'repeat'): object | null;
}

export interface Canvas extends PageElement {
  width: number;
  height: number;
  getContext(kind: '2d'): Context | null;
}

interface PageDocument {
  readonly documentElement: PageElement;
  readonly activeElement: PageElement | null;
  readonly body: PageElement;
  createElement(name: 'canvas'): Canvas;
  createElement(name: string): PageElement;
  getElementById(id: string): PageElement | null;
  querySelectorAll(selector: string): Iterable<PageElement>;
  execCommand(command: 'copy'): boolean;
  addEventListener(name: 'click', listener: (event: PageEvent) => void): void;
}

interface Browser {
  readonly document: PageDocument;
  readonly devicePixelRatio: number;
  readonly innerWidth: number;
  readonly innerHeight: number;
  readonly navigator: { readonly clipboard?: { writeText(text: string): Promise<void> } };
  readonly ResizeObserver: new (seen: () => void) => { observe(element: PageElement): void };
  requestAnimationFrame(draw: (nowMs: number) => void): number;
  getComputedStyle(element: PageElement): { getPropertyValue(name: string): string };
  matchMedia(query: string): {
    readonly matches: boolean;
    addEventListener(name: 'change', listener: () => void): void;
  };
}

/** The window, seen through these types. */
export const browser = globalThis as unknown as Browser;

/** Throws if the page has no such element: the page and its script are made together. */
export function element(id: string): PageElement {
  const found = browser.document.getElementById(id);
  if (found === null) throw new Error(`the page has no element ${id}`);
  return found;
}

export function canvas(id: string): Canvas {
  return element(id) as Canvas;
}

/** An element with text in it: never parsed as HTML. */
export function make(name: string, className: string, text: string): PageElement {
  const made = browser.document.createElement(name);
  made.className = className;
  made.textContent = text;
  return made;
}

import type { Frame, Surface } from './surface.js';

/** Something with a canvas that shows the window of time. */
export interface Plot {
  readonly surface: Surface;
  draw(frame: Frame): void;
  /** What lies there; null: nothing. */
  hit(frame: Frame, x: number, y: number): Hit | null;
}

/** What is told of a thing that is pointed at. */
export interface Hit {
  readonly lines: readonly HitLine[];
  /** Where it lies on its canvas; null: it has no outline of its own. */
  readonly box: HitBox | null;
  /** When it began. */
  readonly atUs: number;
  /** Its length in time; 0: it has none. */
  readonly lengthUs: number;
}

export interface HitLine {
  readonly style: 'strong' | 'text' | 'plain';
  readonly text: string;
}

export interface HitBox {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

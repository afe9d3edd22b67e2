import type { Hit } from './plot.js';
import type { Frame, Surface } from './surface.js';

/** A strip of the timeline. */
export interface Lane {
  /** In the gutter. */
  readonly name: string;
  /** Written above the first lane of a group. */
  readonly group: string;
  readonly height: number;
  draw(surface: Surface, frame: Frame, y: number): void;
  /** What lies at `x`, `inLane` below the lane's top `y`; null: nothing. */
  hit(frame: Frame, x: number, inLane: number, y: number): Hit | null;
  /** The first thing that begins after the time (`direction` 1), or the last that began before it (-1). */
  neighbour(frame: Frame, us: number, direction: 1 | -1, y: number): Hit | null;
  /** Whether anything in it is lifted out. */
  hasMarked(): boolean;
}

/** What the plots lift out: things by what they are and their position, each with its number; and a moment. */
export interface Marked {
  readonly operations: ReadonlyMap<number, number>;
  readonly calls: ReadonlyMap<number, number>;
  readonly watches: ReadonlyMap<number, number>;
  /** Null: none. */
  readonly atUs: number | null;
}

export const nothingMarked: Marked = {
  ...{ operations: new Map(), calls: new Map(), watches: new Map(), atUs: null },
};

/** Whether there are things among what is marked: the others step back then. */
export function isAnyMarked({ operations, calls, watches }: Marked): boolean {
  return operations.size + calls.size + watches.size > 0;
}

/** What is not lifted out steps back. */
export const dimmed = 0.35;

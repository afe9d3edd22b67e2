import type { Pair } from './network/index.js';

/** Which directions are cut, for the shapes that networks break into. Machines are told by their names, in order. */

export function between(one: readonly string[], other: readonly string[]): readonly Pair[] {
  return one.flatMap((a) =>
    other.flatMap((b): readonly Pair[] =>
      a === b
        ? []
        : [
            [a, b],
            [b, a],
          ],
    ),
  );
}

/** A minority, counted round from `from`, against the rest. */
export function halves(names: readonly string[], from: number): readonly Pair[] {
  const few = Math.floor(names.length / 2);
  const turned = turn(names, from);
  return between(turned.slice(0, few), turned.slice(few));
}

/** Each hears itself and those after it, so many that it is a majority; no two hear the same. */
export function ring(names: readonly string[]): readonly Pair[] {
  const heard = Math.floor(names.length / 2);
  return names.flatMap((to, place) =>
    names
      .filter((_, other) => {
        const distance = (other - place + names.length) % names.length;
        return distance > heard;
      })
      .map((from): Pair => [from, to]),
  );
}

/** Two halves that hear each other only through the one at `over`. */
export function bridge(names: readonly string[], over: number): readonly Pair[] {
  const others = turn(names, over).slice(1);
  const half = Math.floor(others.length / 2);
  return between(others.slice(0, half), others.slice(half));
}

/** It hears nobody (`in`), is heard by nobody (`out`), or both. */
export function isolation(
  names: readonly string[],
  alone: string,
  direction: 'in' | 'out' | 'both',
): readonly Pair[] {
  return names
    .filter((name) => name !== alone)
    .flatMap((other): readonly Pair[] => [
      ...(direction === 'out' ? [] : [[other, alone] as const]),
      ...(direction === 'in' ? [] : [[alone, other] as const]),
    ]);
}

function turn(names: readonly string[], from: number): readonly string[] {
  const start = from % names.length;
  return [...names.slice(start), ...names.slice(0, start)];
}

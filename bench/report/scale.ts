/** Maps values to places on an axis. */
export interface Scale {
  /** 0 at the beginning of the axis, 1 at its end; values beyond are at the ends. */
  place(value: number): number;
  readonly ticks: readonly { readonly value: number; readonly text: string }[];
}

const linearTicks = 5;

/** From 0 to at least `max`, with round ticks. */
export function linearScale(max: number, textOf: (value: number) => string): Scale {
  const end = Number.isFinite(max) && max > 0 ? max : 1;
  const step = roundStep(end / linearTicks);
  const count = Math.ceil(end / step);
  const top = count * step;
  const ticks = Array.from({ length: count + 1 }, (_, index) => index * step);
  return {
    place: (value) => clamp(value / top),
    ticks: ticks.map((value) => ({ value, text: textOf(value) })),
  };
}

/** 1, 2 or 5 times a power of ten, not below `atLeast`. */
function roundStep(atLeast: number): number {
  const power = 10 ** Math.floor(Math.log10(atLeast));
  const factor = [1, 2, 5, 10].find((each) => each * power >= atLeast * (1 - 1e-9)) ?? 10;
  return factor * power;
}

/** Powers of ten, and what lies within `min` and `max` between them; both above 0. */
export function logScale(min: number, max: number, textOf: (value: number) => string): Scale {
  const from = 10 ** Math.floor(Math.log10(Math.max(min, 1e-9)));
  const to = 10 ** Math.ceil(Math.log10(Math.max(max, from * 1.01)));
  const decades = Math.round(Math.log10(to / from));
  const steps = decades <= 3 ? [1, 2, 5] : [1];
  const values = Array.from({ length: decades + 1 }, (_, decade) => from * 10 ** decade).flatMap((power) =>
    steps.map((step) => step * power),
  );
  return {
    place: (value) => clamp(Math.log(Math.max(value, from) / from) / Math.log(to / from)),
    ticks: values.filter((value) => value <= to * 1.001).map((value) => ({ value, text: textOf(value) })),
  };
}

/** Fractions of requests, the last ones wide: 99 % is as far from 90 % as 99.9 % from it. */
export function percentileScale(maxFraction: number): Scale {
  const depth = Math.max(1, -Math.log10(1 - Math.min(maxFraction, 0.999_999)));
  const fractions = [0, 0.5, 0.9, 0.99, 0.999, 0.9999, 0.999_99].filter((each) => each <= maxFraction);
  return {
    place: (fraction) => clamp(-Math.log10(1 - Math.min(fraction, 0.999_999_9)) / depth),
    ticks: fractions.map((value) => ({ value, text: `${Number((value * 100).toFixed(3))} %` })),
  };
}

/** At given places only. */
export function placesScale(values: readonly number[], texts: readonly string[]): Scale {
  const last = Math.max(1, values.length - 1);
  return {
    place: (value) => clamp(values.indexOf(value) / last),
    ticks: values.map((value, index) => ({ value, text: texts[index] ?? '' })),
  };
}

function clamp(place: number): number {
  return Number.isFinite(place) ? Math.min(1, Math.max(0, place)) : 0;
}

export function durationText(us: number): string {
  if (us < 1000) return `${Number(us.toPrecision(3))} µs`;
  if (us < 1_000_000) return `${Number((us / 1000).toPrecision(3))} ms`;
  return `${Number((us / 1_000_000).toPrecision(3))} s`;
}

export function countText(value: number): string {
  if (value >= 1_000_000) return `${Number((value / 1_000_000).toPrecision(3))} M`;
  return value >= 1000 ? `${Number((value / 1000).toPrecision(3))} k` : String(Number(value.toPrecision(3)));
}

/** The part of the run that is shown; all plots share it. */
export interface View {
  readonly fromUs: number;
  readonly toUs: number;
  readonly endUs: number;
  show(fromUs: number, toUs: number): void;
  /** `factor` below 1 comes closer; what is at `aroundUs` stays where it is. */
  zoom(factor: number, aroundUs: number): void;
  pan(byUs: number): void;
  fit(): void;
}

/** Closer makes no sense: times are whole microseconds. */
export const spanMinUs = 50;
const margin = 0.01;

export function createView(endUs: number, changed: () => void): View {
  const least = -endUs * margin;
  const most = endUs * (1 + margin);
  let fromUs = least;
  let toUs = most;

  function show(from: number, to: number): void {
    const span = Math.min(most - least, Math.max(spanMinUs, to - from));
    const start = Math.min(most - span, Math.max(least, (from + to - span) / 2));
    if (start === fromUs && start + span === toUs) return;
    fromUs = start;
    toUs = start + span;
    changed();
  }

  return {
    get fromUs() {
      return fromUs;
    },
    get toUs() {
      return toUs;
    },
    endUs,
    show,
    zoom(factor, aroundUs) {
      const span = Math.min(most - least, Math.max(spanMinUs, (toUs - fromUs) * factor));
      const part = (aroundUs - fromUs) / (toUs - fromUs);
      show(aroundUs - span * part, aroundUs + span * (1 - part));
    },
    pan(byUs) {
      const by = Math.min(most - toUs, Math.max(least - fromUs, byUs));
      show(fromUs + by, toUs + by);
    },
    fit: () => show(least, most),
  };
}

import type { Histogram } from '../../base/index.js';

export interface LabelledHistogram {
  readonly labels: Readonly<Record<string, string>>;
  readonly histogram: Histogram;
}

/** A histogram in Prometheus' text format; '' when there is nothing to tell. Labels are names: nothing to escape. */
export function renderHistogram(name: string, help: string, all: readonly LabelledHistogram[]): string {
  if (all.length === 0) return '';
  const lines = [`# HELP ${name} ${help}`, `# TYPE ${name} histogram`];
  for (const { labels, histogram } of all) {
    const given = Object.entries(labels).map(([key, value]) => `${key}="${value}"`);
    const inBraces = (...more: string[]): string => {
      const both = [...given, ...more];
      return both.length === 0 ? '' : `{${both.join(',')}}`;
    };
    let below = 0;
    for (const [index, bound] of histogram.bounds.entries()) {
      below += histogram.counts[index] ?? 0;
      lines.push(`${name}_bucket${inBraces(`le="${bound}"`)} ${below}`);
    }
    lines.push(`${name}_bucket${inBraces('le="+Inf"')} ${histogram.count}`);
    lines.push(`${name}_sum${inBraces()} ${histogram.sum}`);
    lines.push(`${name}_count${inBraces()} ${histogram.count}`);
  }
  return `${lines.join('\n')}\n`;
}

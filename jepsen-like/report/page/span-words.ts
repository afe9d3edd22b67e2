import { formatDuration, formatTime } from './format.js';
import { outcomes } from './packed.js';
import type { HitLine } from './plot.js';
import type { Run } from './run.js';

/** What is told of an operation or a call. */
export function linesOfSpan(run: Run, what: 'operation' | 'call', item: number): HitLine[] {
  const spans = what === 'operation' ? run.operations : run.calls;
  const length = spans.length[item] ?? -1;
  const at = spans.at[item] ?? 0;
  const outcome = outcomes[spans.outcome[item] ?? 0] ?? 'unknown';
  const when =
    length < 0
      ? `from ${formatTime(at, 1)}, never answered`
      : `${formatTime(at, 1)} to ${formatTime(at + length, 1)}, ${formatDuration(length)}`;
  return [
    { style: 'strong', text: `${what} ${spans.id[item] ?? ''} · process ${spans.process[item] ?? ''}` },
    { style: 'text', text: run.texts[spans.action[item] ?? 0] ?? '' },
    { style: 'text', text: `${outcome}: ${run.texts[spans.result[item] ?? 0] ?? ''}` },
    { style: 'plain', text: when },
  ];
}

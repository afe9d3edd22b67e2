import type { ProbeReport, SlowRequest } from '../load/jobs.js';
import type { Stall } from '../report/results.js';

/** Requests this close to one another were held up by the same thing. */
const gapMs = 20;
/** The part of a stall that something else must account for to be its cause. */
const causeShare = 0.5;

interface Span {
  readonly fromMs: number;
  toMs: number;
  requests: number;
}

/**
 * Slow requests that overlap, as one stall each; with its cause: the disk when a sync of the probe took at least half as long at
 * that time, the machine when the probe, which does nothing, was not woken for as long, otherwise the system itself.
 * `slow` is in order of time.
 */
export function stallsOf(
  slow: readonly SlowRequest[],
  probe: ProbeReport,
  startMs: number,
): readonly Stall[] {
  const spans: Span[] = [];
  for (const { sentMs, tookMs } of slow) {
    const last = spans.at(-1);
    if (last !== undefined && sentMs <= last.toMs + gapMs) {
      last.toMs = Math.max(last.toMs, sentMs + tookMs);
      last.requests++;
    } else spans.push({ fromMs: sentMs, toMs: sentMs + tookMs, requests: 1 });
  }
  return spans.map(({ fromMs, toMs, requests }) => {
    const tookMs = toMs - fromMs;
    const isDueTo = (what: readonly SlowRequest[]): boolean =>
      overlapMs(what, fromMs, toMs) >= tookMs * causeShare;
    const cause = isDueTo(probe.slowSyncs) ? 'disk' : isDueTo(probe.lateWakes) ? 'machine' : 'system';
    return { atMs: fromMs - startMs, tookMs, requests, cause };
  });
}

/** How much of the time between `fromMs` and `toMs` these take; they do not overlap one another. */
function overlapMs(what: readonly SlowRequest[], fromMs: number, toMs: number): number {
  return what.reduce((sum, { sentMs, tookMs }) => {
    const overlap = Math.min(toMs, sentMs + tookMs) - Math.max(fromMs, sentMs);
    return sum + Math.max(0, overlap);
  }, 0);
}

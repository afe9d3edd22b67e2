import type { Call, History, Operation, OperationBody } from '../../../jepsen-like/history/index.js';

/** When it was invoked and when it was answered, in milliseconds. */
type Span = readonly [fromMs: number, untilMs: number];
type Timed = Span & { readonly body: OperationBody };

export function at(fromMs: number, untilMs: number, body: OperationBody): Timed {
  return Object.assign([fromMs, untilMs] as const, { body });
}

export const ok = <T>(value: T): { readonly type: 'ok'; readonly value: T } => ({ type: 'ok', value });
export const unknown = { type: 'unknown', error: 'a time-out' } as const;
export const failed = { type: 'failed', error: 'a refusal' } as const;

/** Operations of a process each, in order of invocation, and leases that were granted for so many seconds at so many milliseconds. */
export function historyOf(
  timed: readonly Timed[],
  leases: Readonly<Record<string, readonly [atMs: number, ttlSeconds: number]>> = {},
): History {
  const operations = [...timed]
    .sort(([a], [b]) => a - b)
    .map(({ 0: fromMs, 1: untilMs, body }, id): Operation => {
      const completedUs = body.outcome.type === 'unknown' ? null : untilMs * 1000;
      return { ...body, id, process: id, invokedUs: fromMs * 1000, completedUs };
    });
  const calls = Object.entries(leases).map(([lease, [atMs, ttlSeconds]], id): Call => ({
    id,
    process: 1000 + id,
    member: 'm1',
    invokedUs: atMs * 1000,
    completedUs: atMs * 1000 + 1000,
    request: { type: 'lease-grant', id: lease, ttlSeconds },
    outcome: ok({ type: 'lease-grant', revision: 1, id: lease, ttlSeconds }),
  }));
  return {
    format: 'quorate-history-1',
    system: 'by hand',
    replay: null,
    plan: null,
    operations,
    calls,
    watches: [],
    faults: [],
    members: [],
  };
}

/** Waits double with each round, and are drawn between half and whole, so that many clients spread. */
const backoff = { firstMs: 25, maxMs: 1000 };

/** How long to wait after so many rounds in which nobody could serve; the first is 1. */
export function backoffMs(round: number): number {
  const fullMs = Math.min(backoff.maxMs, backoff.firstMs * 2 ** (round - 1));
  return fullMs * (0.5 + Math.random() / 2);
}

/** Resolves after that long, or as soon as the signal aborts. */
export async function pause(waitMs: number, signal: AbortSignal | undefined): Promise<void> {
  if (signal?.aborted === true) return;
  await new Promise<void>((resolve) => {
    const timer = setTimeout(done, waitMs);
    signal?.addEventListener('abort', done);
    function done(): void {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    }
  });
}

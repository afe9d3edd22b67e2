/** Resolves when one of these has aborted. */
export function whenAborted(...signals: readonly AbortSignal[]): Promise<void> {
  return new Promise((resolve) => {
    const done = new AbortController();
    function finish(): void {
      done.abort();
      resolve();
    }
    for (const signal of signals) {
      if (signal.aborted) finish();
      else signal.addEventListener('abort', finish, { once: true, signal: done.signal });
    }
  });
}

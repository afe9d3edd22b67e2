/**
 * Work in steps: it yields where a long read should let other work run. Whoever runs it decides: apply goes through
 * without a pause, a small read is answered at once or not at all, a long read lets the event loop turn.
 */
export type Steps<T> = Generator<undefined, T, undefined>;

export function runThrough<T>(steps: Steps<T>): T {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

/** Null: it does not end within the first step. */
export function runFirst<T>(steps: Steps<T>): T | null {
  const step = steps.next();
  return step.done === true ? step.value : null;
}

export async function runYielding<T>(steps: Steps<T>, yieldToLoop: () => Promise<void>): Promise<T> {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
    await yieldToLoop();
  }
}

import { setTimeout as delay } from 'node:timers/promises';

const pauseMs = 25;

/** Asks again and again until the answer is not undefined. Undefined after `timeoutMs`; what `ask` throws ends it. */
export async function poll<T>(ask: () => Promise<T | undefined>, timeoutMs: number): Promise<T | undefined> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined || performance.now() >= deadline) return answer;
    await delay(pauseMs);
  }
}

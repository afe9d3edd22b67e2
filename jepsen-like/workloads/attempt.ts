import { CallError } from '../store/index.js';
import type { Session } from '../store/index.js';

/** What was answered, or null: it failed, and nothing hangs on it. After an unknown outcome the session goes on as a new process. */
export async function attempt<T>(session: Session, call: () => Promise<T>): Promise<T | null> {
  try {
    return await call();
  } catch (error) {
    if (!(error instanceof CallError)) throw error;
    if (!error.isRefusal) session.renew();
    return null;
  }
}

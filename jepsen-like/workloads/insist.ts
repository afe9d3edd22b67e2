import { CallError } from '../store/index.js';
import type { Client } from './types.js';

const pauseMs = 100;

/** For preparations: asked again until it has worked, or until it is refused because an earlier try has. */
export async function insist(
  client: Client,
  call: () => Promise<unknown>,
  hasWorkedBefore: (error: CallError) => boolean = () => false,
): Promise<void> {
  for (;;) {
    try {
      await call();
      return;
    } catch (error) {
      if (!(error instanceof CallError)) throw error;
      if (hasWorkedBefore(error)) return;
      client.session.renew();
      if (!error.isConnection) client.session.moveOn(); // Otherwise it has done so itself.
      await client.sleep(pauseMs);
    }
  }
}

import { messageOf } from '../base/index.js';
import { encodeProposal } from '../mvcc/index.js';
import type { MemberConfig } from './config.js';
import type { Driver } from './driver.js';
import type { Env } from './env.js';
import type { State } from './state.js';

const retryMs = 200;

/**
 * Tells the cluster this member's name and client addresses through the log, until it is so: flags may have changed since
 * the last start, and a write can be lost with its leader. Repeating it is harmless.
 */
export function publishAttributes(parts: {
  readonly id: string;
  readonly config: MemberConfig;
  readonly env: Env;
  readonly state: State;
  readonly driver: Driver;
}): void {
  const { id, config, env, state, driver } = parts;
  let stopped = false;
  const stop = (): void => {
    stopped = true;
  };
  driver.stopped.then(stop, stop);

  function isPublished(): boolean {
    const record = state.machine.membership.members.find((member) => member.id === id);
    if (record === undefined) return false;
    return record.name === config.name && record.clientUrls.join() === config.clientUrls.join();
  }

  function attempt(): void {
    if (stopped || isPublished()) return;
    const { name, clientUrls } = config;
    const command = { type: 'member-attributes', id, name, clientUrls } as const;
    driver.propose(encodeProposal({ command, caller: 'trusted' })).then(
      () => env.logger.info('published', { name, clientUrls: clientUrls.join() }),
      (error: unknown) => {
        env.logger.debug('could not publish yet', { reason: messageOf(error) });
        if (!stopped) env.after(retryMs, attempt);
      },
    );
  }

  attempt();
}

import { QuorateError } from '../base/index.js';
import type { Membership } from '../mvcc/index.js';
import type { Position } from '../raft/index.js';
import { requestTimeoutMs } from './config.js';
import type { MemberContext } from './context.js';

/** Waiting until this member has applied something. Errors: `timed-out`, `stopped`. */
export interface AppliedChanges {
  /** The membership from this entry on. Error: `leader-changed` when another entry stands in its place. */
  membershipAt(position: Position): Promise<Membership>;
  /** Until the configuration is not joint any more. */
  outOfJoint(): Promise<Membership>;
  /** Until everything up to this index is applied. */
  reached(index: number): Promise<void>;
}

/** Looked at when something was applied: a result settles it, undefined keeps it waiting. */
type Look<T> = (
  applied: { readonly position: Position; readonly membership: Membership } | null,
) => T | undefined;

export function createAppliedChanges(context: MemberContext): AppliedChanges {
  const { config, env, driver, state } = context;
  const waiting = new Set<(applied: Parameters<Look<unknown>>[0]) => void>();
  const failing = new Set<(error: QuorateError) => void>();

  driver.observe({
    membershipApplied: (position, membership) => lookAll({ position, membership }),
    turnApplied: () => lookAll(null),
    stateReplaced: () => lookAll(null),
    stopped() {
      for (const fail of [...failing]) fail(new QuorateError('stopped'));
    },
  });

  function lookAll(applied: Parameters<Look<unknown>>[0]): void {
    if (waiting.size > 0) for (const look of [...waiting]) look(applied);
  }

  function until<T>(look: Look<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const attempt: Look<undefined> = (applied) => {
        try {
          const result = look(applied);
          if (result === undefined) return undefined;
          end();
          resolve(result);
        } catch (error) {
          fail(error instanceof QuorateError ? error : new QuorateError('internal', String(error)));
        }
        return undefined;
      };
      const fail = (error: QuorateError): void => {
        end();
        reject(error);
      };
      const timer = env.after(requestTimeoutMs(config), () => fail(new QuorateError('timed-out')));
      const end = (): void => {
        timer.cancel();
        waiting.delete(attempt);
        failing.delete(fail);
      };
      waiting.add(attempt);
      failing.add(fail);
      attempt(null);
    });
  }

  return {
    membershipAt: ({ term, index }) =>
      until((applied) => {
        if (applied?.position.index === index) {
          if (applied.position.term !== term) throw new QuorateError('leader-changed');
          return applied.membership;
        }
        // A snapshot may have passed it over, with or without the change.
        if (applied === null && state.machine.applied.index >= index)
          throw new QuorateError('leader-changed');
        return undefined;
      }),
    outOfJoint: () =>
      until(() => {
        const { membership } = state.machine;
        return membership.configuration.outgoing.length === 0 ? membership : undefined;
      }),
    async reached(index) {
      await until(() => (state.machine.applied.index >= index ? true : undefined));
    },
  };
}

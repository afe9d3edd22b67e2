import { assert } from '../base/index.js';
import type { StateMachine } from '../mvcc/index.js';
import type { OrderedStore } from '../storage/index.js';

/** The state machine and the store below it, which a snapshot from the leader may replace while readers use them. */
export interface State {
  readonly machine: StateMachine;
  readonly storeName: string;
  readonly store: OrderedStore;
  /** Runs a read that may span turns; the store stays open until it ends. */
  read<T>(use: (machine: StateMachine) => Promise<T>): Promise<T>;
  /** Puts another state in place. The old one is closed and then removed once its last reader has left. */
  replace(next: OpenState, removeStore: (name: string) => Promise<void>): Promise<void>;
  close(): Promise<void>;
}

export interface OpenState {
  readonly machine: StateMachine;
  readonly storeName: string;
  readonly store: OrderedStore;
}

interface Held extends OpenState {
  readers: number;
  idle: (() => void) | null;
}

export function createState(first: OpenState): State {
  let current: Held = { ...first, readers: 0, idle: null };

  async function closeHeld(held: Held): Promise<void> {
    if (held.readers > 0) {
      await new Promise<void>((resolve) => {
        assert(held.idle === null, 'a state is closed once');
        held.idle = resolve;
      });
    }
    await held.machine.close();
    await held.store.close();
  }

  return {
    get machine() {
      return current.machine;
    },
    get storeName() {
      return current.storeName;
    },
    get store() {
      return current.store;
    },
    async read(use) {
      const held = current;
      held.readers += 1;
      try {
        return await use(held.machine);
      } finally {
        held.readers -= 1;
        if (held.readers === 0) held.idle?.();
      }
    },
    async replace(next, removeStore) {
      const old = current;
      current = { ...next, readers: 0, idle: null };
      await closeHeld(old);
      await removeStore(old.storeName);
    },
    close: () => closeHeld(current),
  };
}

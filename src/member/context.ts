import type { Caller, Command, CommandResponse, StateMachine } from '../mvcc/index.js';
import type { Core } from '../raft/index.js';
import type { Calls } from './calls.js';
import type { MemberConfig } from './config.js';
import type { Driver } from './driver.js';
import type { Env } from './env.js';
import type { State } from './state.js';

/** What the parts of a member share. */
export interface MemberContext {
  readonly config: MemberConfig;
  readonly env: Env;
  readonly core: Core;
  readonly state: State;
  readonly driver: Driver;
  readonly calls: Calls;
  /** The answer to a command once this member has applied it. Errors: the refusal, `request-too-large`, `timed-out` … */
  readonly propose: <R extends CommandResponse['type']>(
    command: Command,
    type: R,
    caller: Caller,
  ) => Promise<Extract<CommandResponse, { type: R }>>;
  /** A read of the state that may span turns. One that meets damage ends the member. */
  readonly read: <T>(use: (machine: StateMachine) => Promise<T>) => Promise<T>;
}

import { assert, QuorateError } from '../base/index.js';
import type { ErrorCode } from '../base/index.js';
import type { AuthView, Caller, Principal } from '../mvcc/index.js';
import {
  createJwtTokens,
  createPasswords,
  createSimpleTokens,
  createTokenPrefix,
  defaultAuthConfig,
  indexOfToken,
} from './auth/index.js';
import type { MemberContext } from './context.js';
import type { Observer } from './observer.js';
import { refuse } from './outcome.js';
import type { Credentials, MemberAuth } from './types.js';

/** Principals of tokens kept at hand; then they are made anew. */
const principalsMax = 10_000;
/** How often a login is begun anew because users changed meanwhile. */
const loginTriesMax = 8;

const nobody: Caller = { user: '', authRevision: 0 };

/**
 * Users, roles and tokens, as this member has them. What is permitted the state machine decides when it applies; here it is
 * found out who asks.
 *
 * A simple token is 16 random letters, a dot, and the index of the log entry that made it known to all members. It lives
 * in their memory alone. A member that does not know a token from beyond what it has applied catches up before it judges.
 */
export function createAuth(context: MemberContext): MemberAuth {
  const { env, driver, state } = context;
  const config = context.config.auth ?? defaultAuthConfig;
  const passwords = createPasswords(env.secrets, config.bcryptCost);
  const tokens = createSimpleTokens({
    ttlMs: config.simpleTokenTtlSeconds * 1000,
    nowMs: () => env.monotonicMs(),
  });
  const jwt = config.token === 'simple' ? null : createJwtTokens(config.token, () => env.wallMs());
  /** Logins of this member under way: the random part of their tokens, and the whole once it is applied. */
  const logins = new Map<string, string | null>();
  const principals = new Map<string, Principal>();
  /** How to find out anew who a principal is. */
  const origins = new WeakMap<Principal, () => Caller | undefined>();

  driver.observe(createObserver());

  /** Snapshots replace it. */
  function view(): AuthView {
    return state.machine.auth;
  }

  function createObserver(): Observer {
    return {
      applied({ command }, outcome) {
        if (!outcome.ok) return;
        if (command.type === 'auth-token') {
          const token = `${command.token}.${state.machine.applied.index}`;
          tokens.add(token, command.user);
          if (logins.has(command.token)) logins.set(command.token, token);
        } else if (command.type === 'user-delete' || command.type === 'user-change-password') {
          tokens.dropOf(command.user);
        } else if (command.type === 'auth-disable') {
          tokens.dropAll();
          env.logger.info('users are not needed any more');
        } else if (command.type === 'auth-enable') {
          env.logger.info('from now on users are needed', { revision: view().revision });
        }
      },
      // Whose password has changed meanwhile this member will never learn.
      stateReplaced: () => tokens.dropAll(),
    };
  }

  // --- Who asks -----------------------------------------------------------------------------------------------

  function callerOf({ token, commonName }: Credentials): Caller | Promise<Caller> {
    if (token !== null) {
      if (jwt === null) return callerOfSimple(token);
      return view().enabled ? jwt.verify(token) : nobody;
    }
    return commonName !== null && commonName !== '' ? callerOfName(commonName) : nobody;
  }

  function callerOfSimple(token: string): Caller | Promise<Caller> {
    const known = ownerOf(token);
    if (known !== undefined) return known;
    const index = indexOfToken(token);
    if (index === null || index <= state.machine.applied.index) return strangerOf();
    return driver.barrier().then(() => ownerOf(token) ?? strangerOf());
  }

  function ownerOf(token: string): Principal | undefined {
    const user = tokens.userOf(token);
    if (user === undefined) return undefined;
    const known = principals.get(token);
    if (known?.authRevision === view().revision) return known;
    const principal = principalOf(user, () => ownerOf(token));
    if (principals.size >= principalsMax) principals.clear();
    principals.set(token, principal);
    return principal;
  }

  function callerOfName(commonName: string): Caller {
    return view().enabled ? principalOf(commonName, () => callerOfName(commonName)) : nobody;
  }

  function principalOf(user: string, again: () => Caller | undefined): Principal {
    const principal = { user, authRevision: view().revision };
    origins.set(principal, again);
    return principal;
  }

  /** While nobody needs a user, a token is not looked at. */
  function strangerOf(): Caller {
    if (view().enabled) throw new QuorateError('invalid-auth-token');
    return nobody;
  }

  function current(caller: Caller): Caller {
    if (caller === 'trusted' || caller.authRevision === view().revision) return caller;
    const origin = origins.get(caller);
    return origin === undefined ? caller : (origin() ?? strangerOf());
  }

  // --- Logins -------------------------------------------------------------------------------------------------

  async function authenticate(user: string, password: string): Promise<string> {
    await driver.barrier();
    for (let tries = 0; tries < loginTriesMax; tries++) {
      if (!view().enabled) throw new QuorateError('auth-not-enabled');
      const { revision } = view();
      const known = view().user(user);
      const hash = known === undefined || known.noPassword || known.hash === '' ? null : known.hash;
      if (!(await passwords.matches(password, hash))) throw new QuorateError('authentication-failed');
      const token = await (jwt === null ? giveSimple : giveJwt)({ user, authRevision: revision });
      if (token !== null) return token;
    }
    throw new QuorateError('auth-revision-old');
  }

  /** Null: users have changed since, the password perhaps among them. */
  async function giveSimple({ user, authRevision }: Principal): Promise<string | null> {
    const prefix = createTokenPrefix((sizeBytes) => env.secrets.randomBytes(sizeBytes));
    logins.set(prefix, null);
    try {
      const command = { type: 'auth-token', user, token: prefix, authRevision } as const;
      await context.propose(command, 'auth', 'trusted');
      const token = logins.get(prefix);
      assert(typeof token === 'string', 'an observer is told before the proposer');
      return token;
    } catch (error) {
      if (error instanceof QuorateError && error.code === 'auth-revision-old') return null;
      throw error;
    } finally {
      logins.delete(prefix);
    }
  }

  async function giveJwt(principal: Principal): Promise<string | null> {
    assert(jwt !== null, 'signed tokens are configured');
    const token = await jwt.sign(principal);
    await driver.barrier();
    return view().revision === principal.authRevision ? token : null;
  }

  // --- What users see -----------------------------------------------------------------------------------------

  /** The view as of now, for a caller that is either root or `isOwn`. */
  async function read<T>(
    caller: Caller,
    isOwn: (user: string) => boolean,
    use: (now: AuthView) => T | undefined,
    missing: ErrorCode,
  ): Promise<T> {
    await driver.barrier();
    const self = current(caller);
    const error = view().checkAdmin(self);
    if (error !== null && (self === 'trusted' || !isOwn(self.user))) throw new QuorateError(error);
    const found = use(view());
    if (found === undefined) throw new QuorateError(missing);
    return found;
  }

  return {
    get enabled() {
      return view().enabled;
    },
    get revision() {
      return view().revision;
    },
    callerOf,
    current,
    authenticate,
    async execute(command, caller = 'trusted') {
      await context.propose(command, 'auth', caller);
    },
    hashPassword: (password) => passwords.hash(password),
    user: (name, caller = 'trusted') =>
      read(
        caller,
        (self) => self === name,
        (now) => now.user(name),
        'user-not-found',
      ),
    role: (name, caller = 'trusted') =>
      read(
        caller,
        (self) => view().user(self)?.roles.includes(name) === true,
        (now) => now.role(name),
        'role-not-found',
      ),
    userNames: (caller = 'trusted') =>
      read(
        caller,
        () => false,
        (now) => now.userNames(),
        'user-not-found',
      ),
    roleNames: (caller = 'trusted') =>
      read(
        caller,
        () => false,
        (now) => now.roleNames(),
        'role-not-found',
      ),
    requireAdmin: (caller) => refuse(view().checkAdmin(current(caller))),
    requireUser: (caller) => refuse(view().checkUser(caller)),
    requireRange: (caller, range, permission) =>
      refuse(view().checkRange(current(caller), range, permission)),
  };
}

import { grpcCodes } from '../store/index.js';
import { auth as calls, CallError } from '../store/index.js';
import type { Session } from '../store/index.js';
import {
  allRoles,
  allUsers,
  allows,
  authIsOff,
  factsOf,
  hasPassword,
  isRequest,
  keyOf,
  keysMax,
  passwordOf,
  slotsMax,
} from './auth-facts.js';
import type { AuthChange, AuthRequest } from './auth-facts.js';
import { get, prefixOf, put } from './requests.js';
import type { Client, Workload } from './types.js';

type Action = AuthChange | AuthRequest;

const root = { name: 'root', password: 'root' } as const;
/** Of many, how many change who may do what. */
const changesPermille = 120;
const prepareTriesMax = 600;
const pauseMs = 100;

/** Users and roles that come and go, are given rights and lose them, while others read and write as those users. */
export const auth: Workload<Action> = {
  name: 'auth',
  summary: 'users and roles that come and go, and requests in their names',
  checkers: ['auth', 'revisions'],
  isAlone: true,
  draw({ random, nth }) {
    const user = random.below(allUsers);
    const role = random.below(allRoles);
    const slot = random.below(slotsMax);
    if (random.below(1000) >= changesPermille) {
      const key = random.below(keysMax);
      const kind = random.below(20);
      if (kind === 0) return { type: 'login', user, password: random.below(3) };
      if (kind === 1) return { type: 'read-all', user };
      if (kind === 2) return { type: 'stranger', key };
      return kind < 12 ? { type: 'read', user, key } : { type: 'write', user, key, value: String(nth) };
    }
    const kind = random.below(100);
    if (kind < 30) {
      const right = (['read', 'write', 'readwrite'] as const)[random.below(3)] ?? 'read';
      return { type: 'give-right', role, slot, right };
    }
    if (kind < 42) return { type: 'take-right', role, slot };
    if (kind < 67) return { type: 'give-role', user, role };
    if (kind < 75) return { type: 'take-role', user, role };
    if (kind < 78) return { type: 'delete-user', user };
    if (kind < 87) return { type: 'add-user', user, password: random.below(3) };
    if (kind < 90) return { type: 'change-password', user, password: random.below(3) };
    if (kind < 92) return { type: 'delete-role', role };
    if (kind < 98) return { type: 'add-role', role };
    return { type: random.chance(0.15) ? 'disable' : 'enable' };
  },
  async prepare(client) {
    await makeUser(client, root);
    for (let role = 0; role < allRoles; role++) {
      await insist(client, { type: 'add-role', role });
      await insist(client, { type: 'give-right', role, slot: role, right: 'readwrite' });
    }
    for (let user = 0; user < allUsers; user++) {
      await insist(client, { type: 'add-user', user, password: 0 });
      await insist(client, { type: 'give-role', user, role: user % allRoles });
    }
    await insist(client, { type: 'enable' });
  },
  async perform(action, client) {
    if (isRequest(action)) await request(action, client);
    else await change(action, client);
  },
};

// --- Changes ----------------------------------------------------------------------------------------------------------

async function change(action: AuthChange, client: Client): Promise<CallError | null> {
  const session = sessionOf(client, 'root');
  const failure: { error: CallError | null } = { error: null };
  const { what, facts } = factsOf(action);
  await client.operation(
    { kind: 'auth-change', what, facts },
    async () => {
      try {
        await ask(session, action);
        return null;
      } catch (error) {
        if (error instanceof CallError) failure.error = error;
        throw error;
      }
    },
    { session },
  );
  if (failure.error !== null && needsLogin(failure.error)) await signIn(session, root);
  return failure.error;
}

/** A member that starts anew knows no tokens; and while users were not needed, nobody had one. */
function needsLogin({ code, message }: CallError): boolean {
  return code === grpcCodes.unauthenticated || message === 'etcdserver: user name is empty';
}

function ask(session: Session, action: AuthChange): Promise<void> {
  switch (action.type) {
    case 'enable':
      return calls.enable(session);
    case 'disable':
      return calls.disable(session);
    case 'add-user':
      return calls.addUser(session, `u${action.user}`, passwordOf(action.password));
    case 'delete-user':
      return calls.deleteUser(session, `u${action.user}`);
    case 'change-password':
      return calls.changePassword(session, `u${action.user}`, passwordOf(action.password));
    case 'give-role':
      return calls.giveRole(session, `u${action.user}`, `r${action.role}`);
    case 'take-role':
      return calls.takeRole(session, `u${action.user}`, `r${action.role}`);
    case 'add-role':
      return calls.addRole(session, `r${action.role}`);
    case 'delete-role':
      return calls.deleteRole(session, `r${action.role}`);
    case 'give-right':
      return calls.giveRight(session, `r${action.role}`, { type: action.right, ...rangeOf(action.slot) });
    case 'take-right':
      return calls.takeRight(session, `r${action.role}`, rangeOf(action.slot));
  }
}

/** The last slot is all keys, the others are one each. */
function rangeOf(slot: number): { readonly key: string; readonly rangeEnd: string } {
  return slot === slotsMax - 1 ? { key: 'auth/', rangeEnd: 'auth0' } : { key: keyOf(slot), rangeEnd: '' };
}

/** Until it has worked, or was refused because an earlier try has. */
async function insist(client: Client, action: AuthChange): Promise<void> {
  for (let tries = 0; tries < prepareTriesMax; tries++) {
    const error = await change(action, client);
    if (error === null || isDoneAlready(error)) return;
    await client.sleep(pauseMs);
  }
  throw new Error(`${factsOf(action).what}: not within ${prepareTriesMax} tries`);
}

function isDoneAlready({ code, message }: CallError): boolean {
  return (
    code === grpcCodes.alreadyExists ||
    message.includes('already') ||
    needsLogin(new CallError(code, message))
  );
}

async function makeUser(client: Client, { name, password }: typeof root): Promise<void> {
  const session = sessionOf(client, 'root');
  const steps = [
    () => calls.addUser(session, name, password),
    () => calls.addRole(session, 'root'),
    () => calls.giveRole(session, name, 'root'),
  ];
  for (const step of steps) {
    for (let isDone = false; !isDone;) {
      try {
        await step();
        isDone = true;
      } catch (error) {
        if (!(error instanceof CallError)) throw error;
        isDone = isDoneAlready(error);
        session.renew();
        if (!isDone) await client.sleep(pauseMs);
      }
    }
  }
}

// --- Requests ---------------------------------------------------------------------------------------------------------

async function request(action: AuthRequest, client: Client): Promise<void> {
  if (action.type === 'stranger') {
    const needs = [[authIsOff]];
    await judged(
      client,
      sessionOf(client, 'nobody'),
      `read ${keyOf(action.key)} as nobody`,
      needs,
      (session) => session.request<'range'>(get(keyOf(action.key))),
    );
    return;
  }
  const user = `u${action.user}`;
  const session = sessionOf(client, user);
  if (action.type === 'login') {
    await logIn(client, session, action.user, action.password);
    return;
  }
  // With the password of its login: a token dies with it.
  const password = client.state.get(`password of ${user}`) as number | undefined;
  if (password === undefined) {
    await logIn(client, session, action.user, 0);
    return;
  }
  const needs = allows(action, password);
  switch (action.type) {
    case 'read':
      await judged(client, session, `read ${keyOf(action.key)} as ${user}`, needs, (by) =>
        by.request<'range'>(get(keyOf(action.key))),
      );
      return;
    case 'read-all':
      await judged(client, session, `read all keys as ${user}`, needs, (by) =>
        by.request<'range'>(prefixOf('auth/')),
      );
      return;
    case 'write':
      await judged(client, session, `write ${keyOf(action.key)} as ${user}`, needs, (by) =>
        by.request<'put'>(put(keyOf(action.key), action.value)),
      );
  }
}

/**
 * Served or refused: whatever else went wrong says nothing about rights. Nor does the refusal of a request without a name, made while
 * users were not needed and come when they were.
 */
async function judged(
  client: Client,
  session: Session,
  what: string,
  needs: readonly (readonly string[])[],
  work: (session: Session) => Promise<unknown>,
): Promise<void> {
  const failure: { error: CallError | null } = { error: null };
  await client.operation(
    { kind: 'auth-request', what, needs },
    async () => {
      try {
        await work(session);
        return { allowed: true };
      } catch (error) {
        if (!(error instanceof CallError)) throw error;
        if (refusals.has(error.message)) return { allowed: false };
        failure.error = error;
        throw error;
      }
    },
    { session },
  );
  if (failure.error !== null && needsLogin(failure.error)) forgetLogin(client, session);
}

const refusals: ReadonlySet<string> = new Set([
  'etcdserver: permission denied',
  'etcdserver: authentication failed, invalid user ID or password',
]);

async function logIn(client: Client, session: Session, user: number, password: number): Promise<void> {
  const name = `u${user}`;
  client.state.delete(`password of ${name}`);
  const needs = [[hasPassword(user, password)]];
  await judged(client, session, `log in as ${name}`, needs, async () => {
    await session.login({ name, password: passwordOf(password) });
    client.state.set(`password of ${name}`, password);
  });
}

function forgetLogin(client: Client, session: Session): void {
  for (let user = 0; user < allUsers; user++) {
    if (sessionOf(client, `u${user}`) === session) client.state.delete(`password of u${user}`);
  }
}

async function signIn(session: Session, user: typeof root): Promise<void> {
  try {
    await session.login(user);
  } catch (error) {
    if (!(error instanceof CallError)) throw error;
    session.renew();
  }
}

/** Each user has a session of its own, with its token. */
function sessionOf(client: Client, user: string): Session {
  const known = client.state.get(`session of ${user}`) as Session | undefined;
  if (known !== undefined) return known;
  const session = client.newSession();
  client.state.set(`session of ${user}`, session);
  return session;
}

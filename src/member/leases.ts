import { QuorateError } from '../base/index.js';
import type { Caller, LeaseId } from '../mvcc/index.js';
import type { MemberConfig } from './config.js';
import type { MemberContext } from './context.js';
import { createLessor, createRenewals } from './lease/index.js';
import type { Lessor } from './lease/index.js';
import type { SpaceKeeper } from './maintenance.js';
import type { MemberAuth, MemberLeases } from './types.js';

/** etcd's: in nanoseconds it would still fit. */
const ttlSecondsMax = 9_000_000_000;

/**
 * Leases: granted and revoked through the log, kept alive and ended by the leader's clock (lease/lessor.ts). A member that
 * does not lead passes on what only the leader knows.
 */
export function createLeases(
  context: MemberContext,
  space: SpaceKeeper,
  auth: Pick<MemberAuth, 'requireUser' | 'requireRange'>,
): MemberLeases {
  const { config, core, driver, state, calls } = context;
  const { id: self } = core.status();
  const renewals = createRenewals(context);
  let lessor: Lessor | null = null;

  function endLessor(): void {
    lessor?.end();
    lessor = null;
  }

  driver.observe({
    leadershipChanged({ term, leader }) {
      endLessor();
      if (leader === self) lessor = createLessor(context, term);
    },
    applied: (proposal, outcome) => lessor?.applied(proposal, outcome),
    stopped: endLessor,
  });

  /** What the lessor says counts only if this member led all the while. Errors: `not-leader`. */
  async function asLeader<T>(use: (present: Lessor) => Promise<T>): Promise<T> {
    const present = lessor;
    if (present === null) throw new QuorateError('not-leader');
    const result = await use(present);
    if (present !== lessor) throw new QuorateError('not-leader');
    return result;
  }

  const isKnown = (id: LeaseId): boolean => state.machine.leases.get(id) !== undefined;

  /**
   * A leader may be behind what it has committed: a majority without it commits, too, and its own disk may be slow to let it apply
   * that. So it renews what it knows, and looks after the barrier, which confirms that it leads still, what has come or gone.
   */
  async function renewAll(present: Lessor, ids: readonly LeaseId[]): Promise<readonly number[]> {
    const ttls = await present.renew(ids);
    await driver.barrier();
    const late = ids.filter((id, place) => ttls[place] === 0 && isKnown(id));
    if (late.length === 0) return ids.map((id, place) => (isKnown(id) ? (ttls[place] ?? 0) : 0));
    const renewed = await present.renew(late);
    await driver.barrier();
    const lateTtls = new Map(late.map((id, place) => [id, renewed[place] ?? 0]));
    return ids.map((id, place) => (isKnown(id) ? (lateTtls.get(id) ?? ttls[place] ?? 0) : 0));
  }

  /** Errors unless the caller may do this with every key of the lease. etcd's rules since 3.4.26. */
  function requireKeys(caller: Caller, id: LeaseId, permission: 'read' | 'write'): void {
    auth.requireUser(caller);
    if (state.machine.auth.checkAdmin(caller) === null) return; // Spares the keys.
    for (const key of state.machine.leases.keysOf(id)) {
      auth.requireRange(caller, { key, rangeEnd: null }, permission);
    }
  }

  calls.serve('renew-leases', (ids) => asLeader((present) => renewAll(present, ids.map(BigInt))));
  calls.serve('lease-remaining', (id) =>
    asLeader(async (present) => {
      await driver.barrier();
      return present.remainingMs(BigInt(id));
    }),
  );

  return {
    async grant({ id: wanted, ttlSeconds }, caller = 'trusted') {
      space.requireSpace();
      if (ttlSeconds > ttlSecondsMax) throw new QuorateError('lease-ttl-too-large');
      const id = wanted === 0n ? chooseId(context) : wanted;
      const ttl = Math.max(Math.ceil(ttlSeconds), ttlSecondsMin(config));
      const { revision } = await context.propose(
        { type: 'lease-grant', id, ttlSeconds: ttl },
        'lease-grant',
        caller,
      );
      return { id, ttlSeconds: ttl, revision };
    },
    revoke: (id, caller = 'trusted') =>
      context.propose({ type: 'lease-revoke', id, onlyInTerm: 0 }, 'lease-revoke', caller),
    async keepAlive(id, caller = 'trusted') {
      requireKeys(caller, id, 'write');
      return renewals.renew(id);
    },
    async timeToLive(id, { keys }, caller = 'trusted') {
      auth.requireUser(caller);
      const remainingMs = await calls.askLeader('lease-remaining', String(id), { repeatable: true });
      await driver.barrier();
      const { leases } = state.machine;
      const lease = leases.get(id);
      if (lease === undefined || remainingMs === null) return null;
      if (keys) requireKeys(caller, id, 'read');
      const held = keys ? leases.keysOf(id) : [];
      return {
        ttlSeconds: Math.floor(remainingMs / 1000),
        grantedTtlSeconds: lease.ttlSeconds,
        keys: held,
      };
    },
    async list(caller = 'trusted') {
      auth.requireUser(caller);
      await driver.barrier();
      const ids = state.machine.leases.list().map(({ id }) => id);
      for (const id of ids) requireKeys(caller, id, 'read');
      return ids;
    },
  };
}

/** A client must be able to outlive an election: etcd's one and a half election timeouts, in whole seconds. */
function ttlSecondsMin({ electionTimeoutMs }: MemberConfig): number {
  return Math.ceil((1.5 * electionTimeoutMs) / 1000);
}

/** Positive and of 63 bits, as some clients keep it signed. */
function chooseId({ env, state }: MemberContext): LeaseId {
  for (;;) {
    const high = BigInt(env.random.nextUint32() >>> 1);
    const id = (high << 32n) | BigInt(env.random.nextUint32());
    if (id !== 0n && state.machine.leases.get(id) === undefined) return id;
  }
}

import { silentLogger } from '../../src/base/index.js';
import type { Logger } from '../../src/base/index.js';
import { defaultLimits, initialIdentity } from '../../src/member/index.js';
import type { InitialIdentity, Member, MemberConfig } from '../../src/member/index.js';
import type { Configuration } from '../../src/raft/index.js';
import type { MemberNote } from '../history/index.js';
import type { Transport } from '../store/index.js';
import { createAgenda } from './agenda.js';
import type { Agenda } from './agenda.js';
import { createHost } from './host.js';
import type { Host } from './host.js';
import { createInvariants } from './invariants.js';
import type { MemberView } from './invariants.js';
import { createLinks } from './links.js';
import type { Links } from './links.js';
import { createPeerNetwork } from './peer-network.js';
import { createTrace } from './trace.js';
import type { Trace } from './trace.js';
import { createClientTransport } from './transport.js';

/**
 * Whole members, the very driver, log, state machine and services of production, over simulated time, disks and network. Only what a
 * member takes from its world (`Env`) is replaced. Time passes when `run` says so, in jumps from one happening to the next.
 */
export interface World {
  readonly agenda: Agenda;
  readonly links: Links;
  readonly trace: Trace;
  readonly nowMs: number;
  /** Members by name: `m1`, `m2` … and those that joined. */
  readonly hosts: ReadonlyMap<string, Host>;
  host(name: string): Host;
  /** Starts a process of the member; it may take its time, or fail. */
  start(name: string): void;
  /** A new machine for a member that the cluster has added: what `member add` told, and who is there now. */
  addHost(name: string, identity: InitialIdentity): Host;
  /** The machine will never come back. */
  removeHost(name: string): void;
  identityOf(name: string): InitialIdentity;
  /** A client on a machine of this name. */
  transportOf(client: string): Transport;
  /** All that have one. */
  readonly clients: ReadonlySet<string>;
  /** Roles and terms, whenever they changed, and commit indexes every now and then. */
  readonly notes: readonly MemberNote[];
  /** The member that leads in the highest term, if one does. */
  readonly leader: Host | null;
  /** Who votes, as a member has it that serves; null: it does not. */
  configurationOf(host: Host): Configuration | null;
  /** Told of each member that comes to another term. Answers with what takes the listener back. */
  onNewTerm(listener: (host: Host) => void): () => void;
  /** Lets time pass until it holds; throws a Violation that happens on the way. False: not within the limit. */
  run(until: () => boolean, limitMs: number): Promise<boolean>;
  /** Lets time pass until the promise settles. */
  settle<T>(promise: Promise<T>, limitMs?: number): Promise<T>;
  /** Happenings so far. */
  readonly stepCount: number;
}

/** Commit indexes are noted no more often than this. */
const commitNoteUs = 100_000;

export interface WorldOptions {
  readonly seed: number;
  readonly members: number;
  readonly config?: Partial<
    Omit<
      MemberConfig,
      'name' | 'clientUrls' | 'initialCluster' | 'initialClusterToken' | 'initialClusterState'
    >
  >;
  readonly logger?: Logger;
  /** How many times as long as on the fastest disks writes take: more happens while they are on their way. Default 1. */
  readonly diskFactor?: number;
}

const stepsPerBreath = 10_000;

export function createWorld(options: WorldOptions): World {
  const { seed, members, config = {}, logger = silentLogger, diskFactor = 1 } = options;
  const agenda = createAgenda();
  const trace = createTrace();
  const links = createLinks(seed);
  const hosts = new Map<string, Host>();
  const identities = new Map<string, InitialIdentity>();
  const byId = new Map<string, Host>();
  const notes: MemberNote[] = [];
  const names = Array.from({ length: members }, (_, index) => `m${index + 1}`);
  const clients = new Set<string>();
  let stepCount = 0;
  /** When each was last noted. */
  const noted = new Map<Host, number>();
  const note = (host: Host, { role, term, commitIndex }: MemberView): void => {
    notes.push({ atUs: agenda.nowUs, member: host.name, role: roleOf(role), term, commitIndex });
    noted.set(host, agenda.nowUs);
  };
  const terms = new Map<Host, number>();
  const termListeners = new Set<(host: Host) => void>();
  const invariants = createInvariants({
    onChange(host, view) {
      if (view.term > (terms.get(host) ?? 0)) {
        terms.set(host, view.term);
        for (const listener of [...termListeners]) listener(host);
      }
      trace.note(9, agenda.nowUs, view.term, view.commitIndex);
      note(host, view);
    },
    onCommit(host) {
      if (agenda.nowUs - (noted.get(host) ?? -Infinity) < commitNoteUs) return;
      const view = invariants.view(host);
      if (view !== null) note(host, view);
    },
  });

  const configOf = (name: string): MemberConfig => ({
    name,
    clientUrls: [`http://${name}:2379`],
    initialCluster: names.map((each) => ({ name: each, peerUrls: [`http://${each}:2380`] })),
    initialClusterToken: 'world',
    initialClusterState: 'new',
    heartbeatIntervalMs: 100,
    electionTimeoutMs: 1000,
    snapshotCount: 10_000,
    limits: defaultLimits,
    ...config,
  });

  function hostNamed(name: string): Host {
    const found = hosts.get(name);
    if (found === undefined) throw new Error(`there is no member ${name} in this world`);
    return found;
  }

  function identityOf(name: string): InitialIdentity {
    return identities.get(name) ?? initialIdentity(configOf(name));
  }

  function addHost(name: string, identity: InitialIdentity): Host {
    const host = createHost({
      name,
      seed,
      agenda,
      trace,
      logger,
      diskFactor,
      network: (self) =>
        createPeerNetwork(self, {
          witness: invariants,
          agenda,
          links,
          trace,
          hostOf: (id) => byId.get(id) ?? null,
          idOf: (each) => identityOf(each.name).memberId,
        }),
      inspect(self, inside) {
        invariants.began(self, inside);
        self.onEnd(() => invariants.ended(self));
      },
    });
    hosts.set(name, host);
    identities.set(name, identity);
    byId.set(identity.memberId, host);
    return host;
  }

  for (const name of names) addHost(name, initialIdentity(configOf(name)));

  async function step(): Promise<boolean> {
    if (!agenda.runNext()) return false;
    stepCount += 1;
    if (stepCount % stepsPerBreath === 0) await breathe();
    do {
      agenda.runSoon();
      await drained();
    } while (agenda.runSoon());
    for (const host of hosts.values()) {
      if (!host.isTouched) continue;
      host.isTouched = false;
      invariants.check(host);
    }
    return true;
  }

  async function run(until: () => boolean, limitMs: number): Promise<boolean> {
    const limitUs = agenda.nowUs + limitMs * 1000;
    await Promise.resolve(); // Within a promise from here on: see drained().
    await drained();
    while (!until()) {
      if (agenda.nextUs > limitUs || !(await step())) {
        agenda.at(limitUs, () => undefined);
        await step();
        return until();
      }
    }
    return true;
  }

  return {
    agenda,
    links,
    trace,
    get nowMs() {
      return agenda.nowUs / 1000;
    },
    hosts,
    host: hostNamed,
    start: (name) => hostNamed(name).start(configOf(name), identityOf(name)),
    addHost,
    removeHost(name) {
      const host = hostNamed(name);
      host.kill();
      hosts.delete(name);
      byId.delete(identityOf(name).memberId);
      identities.delete(name);
    },
    identityOf,
    transportOf(client) {
      clients.add(client);
      return createClientTransport({
        name: client,
        agenda,
        links,
        trace,
        // Whoever has a list of members strikes out those that left, once they are gone.
        members: () =>
          [...hosts.values()].filter((each) => !each.isRetired || each.isUp).map((each) => each.name),
        hostOf: (name) => hosts.get(name) ?? null,
      });
    },
    clients,
    notes,
    get leader() {
      let first: { readonly host: Host; readonly term: number } | null = null;
      for (const host of hosts.values()) {
        const view = invariants.view(host);
        if (view?.role === 'leader' && view.term > (first?.term ?? -1)) first = { host, term: view.term };
      }
      return first?.host ?? null;
    },
    onNewTerm(listener) {
      termListeners.add(listener);
      return () => termListeners.delete(listener);
    },
    configurationOf: (host) => invariants.configuration(host),
    run,
    async settle(promise, limitMs = 60_000) {
      let settled = false;
      const mark = (): void => void (settled = true);
      promise.then(mark, mark);
      if (!(await run(() => settled, limitMs))) throw new Error(`not settled within ${limitMs} simulated ms`);
      return promise;
    },
    get stepCount() {
      return stepCount;
    },
  };
}

/** The member that runs on this host. */
export function memberOf(host: Host): Member {
  if (host.member === null) throw new Error(`${host.name} does not serve`);
  return host.member;
}

function roleOf(role: string): MemberNote['role'] {
  switch (role) {
    case 'leader':
    case 'candidate':
    case 'learner':
    case 'down':
      return role;
    case 'pre-candidate':
      return 'pre-candidate';
    default:
      return 'follower';
  }
}

/**
 * Until no promise has anything left to do: asked for from within one, Node.js calls back once all of them have run, and does not look
 * for real events first, which would cost a quarter of the time.
 */
function drained(): Promise<void> {
  return new Promise((resolve) => process.nextTick(resolve));
}

/** Now and then real events get their turn: somebody may want to stop this. */
function breathe(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

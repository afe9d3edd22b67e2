import { QuorateError, seededRandom, silentLogger } from '../../src/base/index.js';
import type { Logger, Random } from '../../src/base/index.js';
import { defaultLimits, initialIdentity, startMember } from '../../src/member/index.js';
import type { Env, InitialIdentity, Member, MemberConfig, Secrets } from '../../src/member/index.js';
import type { PeerHandlers, PeerNetwork } from '../../src/peer/index.js';
import type { Message } from '../../src/raft/index.js';
import { createMemoryDisk } from '../../src/storage/index.js';
import type { MemoryDisk, MemoryWrite, StoreEntry, WriteFault } from '../../src/storage/index.js';
import { cheapSecrets } from '../../jepsen-like/simulator/index.js';

/**
 * Whole members, the very driver, log and state machine of production, over simulated time, disks and network: only `Env` is
 * replaced. Time passes when `run` says so, and only in jumps from one due action to the next.
 */
export interface World {
  readonly nowMs: number;
  readonly names: readonly string[];
  start(name: string): Promise<Member>;
  /** A new host starts as the member that the cluster has added, with an empty disk; `start` starts it again. */
  join(name: string, identity: { readonly memberId: string; readonly via: Member }): Promise<Member>;
  /** The process is gone at once; what it had handed to its system stays. */
  kill(name: string): void;
  /** The machine is gone: unsynced batches vanish or survive, each for itself. */
  powerCut(name: string): void;
  /** The process stands still, as if its machine slept. What comes due or arrives meanwhile waits for it. */
  pause(name: string): void;
  resume(name: string): void;
  disk(name: string): MemoryDisk;
  /** The next write to a store fails, and none after it succeeds. */
  failNextWrite(name: string, store: string, code: 'EIO' | 'ENOSPC'): void;
  /** Ended by itself, and why. */
  fatalReason(name: string): Error | null;
  /** Messages between two members are dropped, both ways, until healed. */
  cut(a: string, b: string): void;
  heal(): void;
  /** Lets time pass until `until` holds. Throws after `limitMs` of simulated time. */
  run(until: () => boolean, limitMs?: number): Promise<void>;
  /** Lets time pass until the promise settles, and gives its outcome. */
  settle<T>(promise: Promise<T>, limitMs?: number): Promise<T>;
  /**
   * Like `settle`, of a promise that also waits for something outside of this world, such as a signature that a thread computes:
   * time passes slowly.
   */
  settleOutside<T>(promise: Promise<T>): Promise<T>;
}

export interface WorldOptions {
  readonly members: number;
  readonly seed?: number;
  readonly config?: Partial<
    Omit<
      MemberConfig,
      'name' | 'clientUrls' | 'initialCluster' | 'initialClusterToken' | 'initialClusterState'
    >
  >;
  /** Called before each disk write takes effect: throw or kill from here to crash at that very write. */
  readonly onWrite?: (name: string, write: MemoryWrite) => void;
  readonly logger?: Logger;
  /** Of all members; left out: cheap ones. */
  readonly secrets?: Secrets;
}

interface Host {
  readonly name: string;
  readonly disk: MemoryDisk;
  readonly faults: WriteFault[];
  /** Counts the processes of this host: actions of a dead one are not run. */
  incarnation: number;
  handlers: PeerHandlers | null;
  /** What waits while it stands still. Its timers come first when it goes on: they were due before it could read. */
  paused: { readonly timers: (() => void)[]; readonly arrivals: (() => void)[] } | null;
  /** Whom its log has removed: it turns them away. */
  removed: ReadonlySet<string>;
  fatal: Error | null;
}

interface Due {
  readonly atMs: number;
  readonly order: number;
  readonly action: () => void;
}

const diskWriteMs = 1;
const hopMs = 1;
/** How far simulated time gets in a real millisecond, for whoever waits for something real. */
const slowStepMs = 50;
const wallStartMs = 1_700_000_000_000;

export function createWorld(options: WorldOptions): World {
  const random = seededRandom(options.seed ?? 1);
  const names = Array.from({ length: options.members }, (_, index) => `m${index + 1}`);
  const config = (name: string): MemberConfig => ({
    name,
    clientUrls: [`http://${name}:2379`],
    initialCluster: names.map((each) => ({ name: each, peerUrls: [`http://${each}:2380`] })),
    initialClusterToken: 'world',
    initialClusterState: 'new',
    heartbeatIntervalMs: 100,
    electionTimeoutMs: 1000,
    snapshotCount: 10_000,
    limits: defaultLimits,
    ...options.config,
  });
  const idOf = new Map(names.map((name) => [initialIdentity(config(name)).memberId, name]));
  const hosts = new Map(names.map((name) => [name, createHost(name)]));
  const identities = new Map<string, InitialIdentity>();
  const cuts = new Set<string>();
  let nowMs = 0;
  let order = 0;
  let agenda: Due[] = [];

  function createHost(name: string): Host {
    const faults: WriteFault[] = [];
    const disk = createMemoryDisk({
      random,
      faults,
      schedule: (write) =>
        new Promise((resolve) => {
          at(nowMs + diskWriteMs + write.stallMs, () => {
            options.onWrite?.(name, write);
            resolve();
          });
        }),
    });
    return {
      name,
      disk,
      faults,
      incarnation: 0,
      handlers: null,
      paused: null,
      removed: new Set(),
      fatal: null,
    };
  }

  function host(name: string): Host {
    const found = hosts.get(name);
    if (found === undefined) throw new Error(`no member ${name} in this world`);
    return found;
  }

  function at(atMs: number, action: () => void): Due {
    const due = { atMs, order: order++, action };
    agenda.push(due);
    return due;
  }

  function createEnv(self: Host): Env {
    const { incarnation } = self;
    const whileAlive = (action: () => void) => (): void => {
      if (self.incarnation !== incarnation) return;
      if (self.paused === null) action();
      else self.paused.timers.push(whileAlive(action));
    };
    return {
      monotonicMs: () => nowMs,
      wallMs: () => wallStartMs + nowMs,
      after(delayMs, action) {
        const due = at(nowMs + delayMs, whileAlive(action));
        return { cancel: () => (agenda = agenda.filter((each) => each !== due)) };
      },
      soon: (action) => void at(nowMs, whileAlive(action)),
      random: seededRandom(random.nextUint32()),
      secrets: options.secrets ?? cheapSecrets(random),
      disk: self.disk,
      network: createNetwork(self, whileAlive, random),
      logger: options.logger ?? silentLogger,
      fatal: (reason) => (self.fatal = reason),
    };
  }

  function createNetwork(
    self: Host,
    whileAlive: (action: () => void) => () => void,
    jitter: Random,
  ): PeerNetwork {
    const later = (deliver: () => void): void => void at(nowMs + hopMs + jitter.below(3), deliver);
    const reach = (id: string): PeerHandlers | null => {
      const name = idOf.get(id);
      if (name === undefined || cuts.has(linkOf(self.name, name))) return null;
      const { handlers, removed } = host(name);
      if (handlers === null || !removed.has(idOfName(self.name))) return handlers;
      self.handlers?.onRefused(id, 'removed', 'removed');
      return null;
    };
    const isCut = (id: string): boolean => cuts.has(linkOf(self.name, idOf.get(id) ?? ''));
    return {
      async start(handlers) {
        self.handlers = handlers;
        return Promise.resolve();
      },
      setPeers(_peers, removed = []) {
        const news = removed.filter((id) => !self.removed.has(id));
        self.removed = new Set(removed);
        // Their streams are cut, and say why.
        const own = idOfName(self.name);
        for (const id of news) later(() => reach(id)?.onRefused(own, 'removed', 'removed'));
      },
      send(messages: readonly Message[]) {
        for (const message of messages) {
          later(() => arrive(message.to, () => reach(message.to)?.onMessages([message])));
        }
      },
      async sendSnapshot(to, term, meta, entries) {
        const receiver = reach(to);
        if (receiver === null) throw new Error('unreachable');
        const from = idOfName(self.name);
        const sink = await receiver.openSnapshot(from, meta);
        const chunk: StoreEntry[] = [];
        for await (const entry of entries) chunk.push(entry);
        await sink.write(chunk);
        await sink.finish();
        later(() => receiver.onSnapshot(from, term, meta));
      },
      traffic: () => ({ sentBytes: 0, receivedBytes: 0, sendFailures: new Map() }),
      call: (to, request, timeoutMs) =>
        new Promise((resolve, reject) => {
          const failed = new QuorateError('unavailable', 'unreachable');
          const answered = (settle: () => void) => (): void =>
            later(() => arrive(idOfName(self.name), () => (isCut(to) ? reject(failed) : settle())));
          after(timeoutMs, () => reject(new QuorateError('timed-out')));
          later(() => {
            arrive(to, () => {
              const callee = reach(to);
              if (callee === null) {
                reject(failed);
                return;
              }
              callee.onCall(idOfName(self.name), request).then(
                (answer) => answered(() => resolve(answer))(),
                (error: unknown) => answered(() => reject(error instanceof Error ? error : failed))(),
              );
            });
          });
        }),
      connectedForMs(peer) {
        const name = idOf.get(peer);
        const isUp = name !== undefined && !cuts.has(linkOf(self.name, name)) && host(name).handlers !== null;
        return isUp ? Infinity : null;
      },
      async close() {
        whileAlive(() => (self.handlers = null))();
        return Promise.resolve();
      },
    };
  }

  function after(delayMs: number, action: () => void): void {
    at(nowMs + delayMs, action);
  }

  function arrive(id: string, action: () => void): void {
    const name = idOf.get(id);
    const paused = name === undefined ? null : host(name).paused;
    if (paused === null) action();
    else paused.arrivals.push(action);
  }

  function identityOf(name: string): InitialIdentity {
    return identities.get(name) ?? initialIdentity(config(name));
  }

  function idOfName(name: string): string {
    return identityOf(name).memberId;
  }

  function end(name: string): Host {
    const ended = host(name);
    ended.incarnation += 1;
    ended.handlers = null;
    ended.paused = null;
    return ended;
  }

  /** Runs the next due action, and all promises that it settled; false if there was none. */
  async function advance(): Promise<boolean> {
    await drained();
    let next: Due | undefined;
    for (const due of agenda) {
      if (next === undefined || due.atMs < next.atMs || (due.atMs === next.atMs && due.order < next.order))
        next = due;
    }
    if (next === undefined) return false;
    const chosen = next;
    agenda = agenda.filter((due) => due !== chosen);
    nowMs = Math.max(nowMs, chosen.atMs);
    chosen.action();
    await drained();
    return true;
  }

  async function run(until: () => boolean, limitMs = 60_000): Promise<void> {
    const limit = nowMs + limitMs;
    while (!until()) {
      if (nowMs > limit) throw new Error(`not reached within ${limitMs} simulated milliseconds`);
      const moved = await advance();
      if (!moved && !until()) throw new Error('nothing is left to happen in this world');
    }
  }

  return {
    get nowMs() {
      return nowMs;
    },
    names,
    start,
    async join(name, { memberId, via }) {
      const members = await via.cluster.members({ linearizable: false });
      const configuration = { voters: [], outgoing: [], learners: [], learnersNext: [] };
      const membership = { configuration, members, removed: [] };
      identities.set(name, { clusterId: via.clusterId, memberId, membership });
      hosts.set(name, createHost(name));
      idOf.set(memberId, name);
      return start(name);
    },
    kill: (name) => end(name).disk.kill(),
    powerCut: (name) => end(name).disk.powerCut(),
    pause(name) {
      host(name).paused = { timers: [], arrivals: [] };
    },
    resume(name) {
      const { paused } = host(name);
      host(name).paused = null;
      for (const action of [...(paused?.timers ?? []), ...(paused?.arrivals ?? [])]) at(nowMs, action);
    },
    disk: (name) => host(name).disk,
    failNextWrite(name, store, code) {
      const write = host(name).disk.writeCount(store) + 1;
      host(name).faults.push({ store, write, type: 'fail', code, applied: false });
    },
    fatalReason: (name) => host(name).fatal,
    cut: (a, b) => void cuts.add(linkOf(a, b)),
    heal: () => cuts.clear(),
    run,
    settle,
    settleOutside,
  };

  async function start(name: string): Promise<Member> {
    const self = host(name);
    self.incarnation += 1;
    self.fatal = null;
    return settle(startMember(config(name), createEnv(self), identityOf(name)));
  }

  async function settle<T>(promise: Promise<T>, limitMs?: number): Promise<T> {
    await run(follow(promise).isSettled, limitMs);
    return promise;
  }

  async function settleOutside<T>(promise: Promise<T>): Promise<T> {
    const { isSettled } = follow(promise);
    while (!isSettled()) {
      const pauseAtMs = nowMs + slowStepMs;
      await run(() => isSettled() || nowMs >= pauseAtMs);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    return promise;
  }
}

function linkOf(a: string, b: string): string {
  return a < b ? `${a} ${b}` : `${b} ${a}`;
}

/** Until no promise has anything left to do. */
function drained(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function follow(promise: Promise<unknown>): { readonly isSettled: () => boolean } {
  let settled = false;
  const mark = (): void => {
    settled = true;
  };
  promise.then(mark, mark);
  return { isSettled: () => settled };
}

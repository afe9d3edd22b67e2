import { createServices, defaultApiLimits } from '../../src/api/index.js';
import type { Method } from '../../src/api/index.js';
import { messageOf, seededRandom } from '../../src/base/index.js';
import type { Logger, Random } from '../../src/base/index.js';
import { startMember } from '../../src/member/index.js';
import type { Env, InitialIdentity, Inside, Member, MemberConfig } from '../../src/member/index.js';
import type { PeerHandlers, PeerNetwork } from '../../src/peer/index.js';
import { createMemoryDisk } from '../../src/storage/index.js';
import type { Disk, MemoryDisk, WriteFault } from '../../src/storage/index.js';
import type { Agenda } from './agenda.js';
import { createHostClock } from './clock.js';
import type { HostClock } from './clock.js';
import { seedOf } from './links.js';
import { cheapSecrets } from './secrets.js';
import type { Trace } from './trace.js';

/** One machine: its disk and its clocks stay, processes of the member come and go. */
export interface Host {
  readonly name: string;
  readonly disk: MemoryDisk;
  readonly clock: HostClock;
  /** Null while no process runs, or while it is still recovering. */
  readonly member: Member | null;
  readonly methods: ReadonlyMap<string, Method>;
  /** A process is there: it recovers or serves. */
  readonly isUp: boolean;
  /** What peers reach; null while the process does not listen to them. */
  handlers: PeerHandlers | null;
  /** Whom its log has removed: it turns them away. */
  removed: ReadonlySet<string>;
  readonly isPaused: boolean;
  /** Why the last process ended itself. */
  readonly fatal: Error | null;
  /** The last error that the process of now, or else the last one, logged. */
  readonly lastWords: string | null;
  /** Its member was removed: what runs may end, and no other process is started. */
  isRetired: boolean;
  /** Something has run in it since this was last false. */
  isTouched: boolean;
  /** Writes take so many times as long as those of its disk usually do. */
  diskSlowness: number;
  /** Every write fails with this. */
  diskFailure: 'EIO' | 'ENOSPC' | null;
  /** The next write of an open store meets this. */
  nextWriteFault: WriteFault['type'] | null;
  /** The next write fails after a store was made, or removed. */
  failsAfterStoreIs: 'made' | 'removed' | null;
  /** Its disk lied, or forgot what nobody can tell from what was never written: it may break its word. */
  mayForget: boolean;
  /** Starts a process; nothing happens while one is there. What becomes of it, `isUp`, `member` and `fatal` tell. */
  start(config: MemberConfig, identity: InitialIdentity): void;
  /** The process is gone at once; what it had handed to its system stays. */
  kill(): void;
  /** The machine is gone: unsynced batches vanish or survive, each for itself. */
  powerCut(): void;
  /** The process ends as after SIGTERM. */
  stop(): Promise<void>;
  /** The process stands still. What comes due or arrives meanwhile waits for it. */
  pause(): void;
  resume(): void;
  /** Runs it in the process of now: at once, when it wakes, or never. */
  within(action: () => void): void;
  /** Called when the process of now ends. Answers with what takes the listener back. */
  onEnd(listener: () => void): () => void;
}

export interface HostOptions {
  readonly name: string;
  readonly seed: number;
  readonly agenda: Agenda;
  readonly trace: Trace;
  readonly logger: Logger;
  /** How many times as long as on the fastest disk a write takes. */
  readonly diskFactor: number;
  readonly network: (host: Host) => PeerNetwork;
  readonly inspect: (host: Host, inside: Inside) => void;
}

const diskWriteUs = 120;
const diskSpreadUs = 400;

export function createHost(options: HostOptions): Host {
  const { name, seed, agenda, trace, logger, diskFactor, network, inspect } = options;
  const clock = createHostClock(agenda);
  const diskRandom = seededRandom(seedOf(seed, `disk of ${name}`));
  /** Counts processes: what a dead one had planned does not happen. */
  let incarnation = 0;
  let isUp = false;
  let member: Member | null = null;
  let methods: ReadonlyMap<string, Method> = new Map();
  let fatal: Error | null = null;
  let lastWords: string | null = null;
  let waiting: { readonly timers: (() => void)[]; readonly arrivals: (() => void)[] } | null = null;
  let endListeners = new Set<() => void>();

  const disk = createMemoryDisk({
    random: diskRandom,
    faultOf: decideFault,
    schedule: (write) =>
      new Promise((resolve) => {
        const tookUs = (diskWriteUs + diskRandom.below(diskSpreadUs)) * diskFactor * host.diskSlowness;
        trace.note(1, agenda.nowUs, write.sizeBytes);
        const done = whileAlive(resolve, 'arrivals');
        agenda.at(agenda.nowUs + tookUs + write.stallMs * 1000, done);
      }),
  });

  function decideFault(store: string, write: number): WriteFault | null {
    const type = host.nextWriteFault;
    if (type !== null) {
      host.nextWriteFault = null;
      trace.text(type);
      if (type === 'fail') return { store, write, type, code: 'EIO', applied: diskRandom.chance(0.5) };
      return type === 'stall' ? { store, write, type, ms: 2000 } : { store, write, type };
    }
    if (host.diskFailure === null) return null;
    return { store, write, type: 'fail', code: host.diskFailure, applied: false };
  }

  function noteStoreChange(what: 'made' | 'removed'): void {
    if (host.failsAfterStoreIs !== what) return;
    host.failsAfterStoreIs = null;
    host.nextWriteFault = 'fail';
  }

  /** What the process has of the disk. */
  const watchedDisk: Disk = {
    ...disk,
    async open(store) {
      if (!disk.stores().includes(store)) noteStoreChange('made');
      return disk.open(store);
    },
    async remove(store) {
      noteStoreChange('removed');
      return disk.remove(store);
    },
  };

  /** Only in this process; while it stands still, later. */
  function whileAlive(action: () => void, kind: 'timers' | 'arrivals'): () => void {
    const own = incarnation;
    const run = (): void => {
      if (incarnation !== own) return;
      if (waiting === null) {
        host.isTouched = true;
        action();
      } else waiting[kind].push(run);
    };
    return run;
  }

  function createEnv(self: Host, random: Random): Env {
    const own = incarnation;
    return {
      monotonicMs: () => clock.monotonicMs(),
      wallMs: () => clock.wallMs(),
      after: (delayMs, action) => clock.after(delayMs, whileAlive(action, 'timers')),
      soon: (action) => agenda.soon(whileAlive(action, 'timers')),
      random,
      secrets: cheapSecrets(random),
      disk: watchedDisk,
      network: network(self),
      logger: {
        ...logger,
        error(message, fields) {
          if (incarnation === own) lastWords = message;
          logger.error(message, fields);
        },
      },
      fatal(reason) {
        if (incarnation !== own) return;
        fatal = reason;
        // A process that ends itself is gone once this turn is over.
        agenda.at(agenda.nowUs, () => {
          if (incarnation === own) kill();
        });
      },
      inspect: (inside) => inspect(self, inside),
    };
  }

  function end(): void {
    incarnation += 1;
    isUp = false;
    member = null;
    methods = new Map();
    waiting = null;
    host.handlers = null;
    const listeners = endListeners;
    endListeners = new Set();
    for (const listener of listeners) listener();
  }

  function kill(): void {
    if (!isUp) return;
    trace.note(2, agenda.nowUs);
    end();
    disk.kill();
  }

  const host: Host = {
    name,
    disk,
    clock,
    get member() {
      return member;
    },
    get methods() {
      return methods;
    },
    get isUp() {
      return isUp;
    },
    handlers: null,
    removed: new Set(),
    get isPaused() {
      return waiting !== null;
    },
    get fatal() {
      return fatal;
    },
    get lastWords() {
      return lastWords;
    },
    isRetired: false,
    isTouched: false,
    diskSlowness: 1,
    diskFailure: null,
    nextWriteFault: null,
    failsAfterStoreIs: null,
    mayForget: false,
    start(config, identity) {
      if (isUp || host.isRetired) return;
      incarnation += 1;
      const own = incarnation;
      isUp = true;
      fatal = null;
      lastWords = null;
      trace.note(3, agenda.nowUs);
      const random = seededRandom(seedOf(seed, `${name} ${own}`));
      startMember(config, createEnv(host, random), identity).then(
        (started) => {
          if (incarnation !== own) return;
          member = started;
          const services = createServices(started, defaultApiLimits);
          methods = new Map(services.map((method) => [method.path, method]));
          // One that was removed ends in good order, and by itself.
          started.stopped.then(
            () => {
              if (incarnation === own) kill();
            },
            () => undefined, // It told `fatal` too.
          );
        },
        (error: unknown) => {
          if (incarnation !== own) return;
          fatal = error instanceof Error ? error : new Error(messageOf(error));
          kill();
        },
      );
    },
    kill,
    powerCut() {
      trace.note(4, agenda.nowUs);
      end();
      disk.powerCut();
    },
    async stop() {
      const own = incarnation;
      try {
        await member?.close();
      } finally {
        if (incarnation === own) kill(); // Also when its disk is full, and it ends with an error.
      }
    },
    pause() {
      if (isUp) waiting ??= { timers: [], arrivals: [] };
    },
    resume() {
      const held = waiting;
      waiting = null;
      // Timers first: they were due before it could read.
      for (const action of [...(held?.timers ?? []), ...(held?.arrivals ?? [])])
        agenda.at(agenda.nowUs, action);
    },
    within: (action) => whileAlive(action, 'arrivals')(),
    onEnd(listener) {
      endListeners.add(listener);
      return () => endListeners.delete(listener);
    },
  };
  return host;
}

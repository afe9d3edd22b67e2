import type { FaultNote } from '../history/index.js';
import type { Session } from '../store/index.js';
import type { ClientProcess } from './clients/index.js';
import type { Machine } from './machines/index.js';
import type { Links, Network, Pair } from './network/index.js';
import { allPairs } from './network/index.js';
import { bridge, halves, isolation, ring } from './partitions.js';
import type { LiveFault, LiveTarget } from './plan.js';
import { compactHistory } from './requests.js';
import type { MemberRequests } from './requests.js';

/** Does faults to processes, and undoes them. */
export interface LiveNemesis {
  perform(fault: LiveFault): void;
  /** For the report: something that happened without it. */
  note(kind: string, text: string, forMs: number | null): void;
  /** Undoes all that is still being done; resolves when every process that is to run has been started. Rejects with what went wrong at any time. */
  heal(): Promise<void>;
  /** No more faults, and nothing is started any more. Resolves when nothing is under way. */
  abandon(): Promise<void>;
  /** Its disk was full: it may have ended itself. */
  mayEnd(machine: string): boolean;
  readonly notes: readonly FaultNote[];
}

export interface LiveNemesisOptions {
  readonly machines: () => readonly Machine[];
  readonly clients: readonly ClientProcess[];
  readonly links: Links;
  readonly network: Network;
  /** Of the runner itself: what it does is recorded too. */
  readonly session: Session;
  readonly requests: MemberRequests;
  readonly leader: () => string | null;
  readonly nowUs: () => number;
}

export function createLiveNemesis(options: LiveNemesisOptions): LiveNemesis {
  const { machines, clients, links, network, session, requests, leader, nowUs } = options;
  const undos = new Set<() => void>();
  const running = new Set<Promise<void>>();
  const notes: FaultNote[] = [];
  const full = new Set<string>();
  let isAbandoned = false;
  let failure: { readonly error: unknown } | null = null;

  function note(kind: string, text: string, forMs: number | null): void {
    const atUs = nowUs();
    notes.push({ atUs, kind, text, endUs: forMs === null ? null : atUs + forMs * 1000 });
  }

  /** Undone after so long, or by `heal` if that comes first. */
  function lasting(forMs: number, undo: () => void): void {
    const timer = setTimeout(once, forMs);
    function once(): void {
      if (!undos.delete(once)) return;
      clearTimeout(timer);
      undo();
    }
    undos.add(once);
  }

  function run(work: Promise<unknown>): void {
    const done = work.then(
      () => undefined,
      (error: unknown) => {
        failure ??= { error };
      },
    );
    running.add(done);
    done.finally(() => running.delete(done)).catch(() => undefined); // It never rejects.
  }

  function resolve(target: LiveTarget): readonly Machine[] {
    const all = machines();
    const leading = all.find(({ name }) => name === leader()) ?? all[0];
    if (leading === undefined) return [];
    const others = all.filter((machine) => machine !== leading);
    if (target === 'all') return all;
    if (target === 'leader') return [leading];
    if (target === 'follower') return others.slice(0, 1);
    if (target === 'majority') return [leading, ...others].slice(0, Math.floor(all.length / 2) + 1);
    return all.slice(target, target + 1);
  }

  const named = (targets: readonly Machine[]): string => targets.map(({ name }) => name).join(', ');
  const namesOf = (): readonly string[] => machines().map(({ name }) => name);

  function start(machine: Machine): void {
    if (!isAbandoned && machines().includes(machine)) run(machine.inTurn((member) => member.start()));
  }

  function kill(targets: readonly Machine[], forMs: number): void {
    note('kill', `${named(targets)} killed`, forMs);
    for (const machine of targets) run(machine.inTurn((member) => member.kill()));
    lasting(forMs, () => targets.forEach(start));
  }

  function pause(targets: readonly Machine[], forMs: number): void {
    const paused = targets.filter(({ member }) => member.state === 'running');
    if (paused.length === 0) return;
    note('pause', `${named(paused)} stands still`, forMs);
    for (const { member } of paused) member.pause();
    lasting(forMs, () => {
      for (const { member } of paused) if (member.state === 'paused') member.resume();
    });
  }

  function rollingRestart(): void {
    note('rolling-restart', 'each restarted in turn', null);
    let before: Promise<void> = Promise.resolve();
    for (const machine of machines()) {
      before = before.then(() =>
        machine.inTurn(async (member) => {
          if (member.state !== 'running') return;
          await member.stop();
          await member.start();
        }),
      );
    }
    run(before);
  }

  function cut(kind: string, text: string, pairs: readonly Pair[], forMs: number): void {
    if (pairs.length === 0) return;
    note(kind, text, forMs);
    lasting(forMs, links.cut(pairs));
  }

  function flap(target: Machine, periodMs: number, forMs: number): void {
    const pairs = isolation(namesOf(), target.name, 'both');
    let mend: (() => void) | null = null;
    const turn = (): void => {
      if (mend === null) mend = links.cut(pairs);
      else {
        mend();
        mend = null;
      }
    };
    turn();
    const timer = setInterval(turn, periodMs);
    note('flap', `the links of ${target.name} come and go`, forMs);
    lasting(forMs, () => {
      clearInterval(timer);
      mend?.();
    });
  }

  function fillDisk(forMs: number): void {
    for (const machine of machines()) {
      const { name, disk } = machine;
      if (disk === null) continue;
      note('full-disk', `disk of ${name} full`, forMs);
      full.add(name);
      disk.fill();
      lasting(forMs, () => {
        run(disk.empty());
        start(machine);
      });
    }
  }

  function disturb(fault: Extract<LiveFault, { kind: 'slow-disk' | 'wall-clock' | 'drift' }>): void {
    for (const machine of resolve(fault.target)) {
      const { name } = machine;
      if (fault.kind === 'wall-clock') {
        note(fault.kind, `clock of ${name} jumps to ${fault.jumpMs} ms from the true time`, null);
        machine.inject({ wallOffsetMs: fault.jumpMs });
      } else if (fault.kind === 'drift') {
        note(fault.kind, `clock of ${name} drifts by ${fault.permille} ‰`, fault.forMs);
        machine.inject({ clockRate: 1 + fault.permille / 1000 });
        lasting(fault.forMs, () => machine.inject({ clockRate: 1 }));
      } else {
        note(fault.kind, `disk of ${name} takes ${fault.delayMs} ms longer`, fault.forMs);
        machine.inject({ diskDelayMs: fault.delayMs });
        lasting(fault.forMs, () => machine.inject({ diskDelayMs: 0 }));
      }
    }
  }

  function pauseClient(client: ClientProcess | undefined, forMs: number): void {
    if (client === undefined) return;
    note('pause-client', `client ${client.number} (${client.workload}) stands still`, forMs);
    client.pause();
    lasting(forMs, () => client.resume());
  }

  async function compact(back: number): Promise<void> {
    const revision = await compactHistory(session, back);
    if (revision !== null) note('compact', `history up to ${revision} forgotten`, null);
  }

  async function moveLeader(to: number): Promise<void> {
    const target = machines()[to];
    const leading = leader();
    if (target === undefined || leading === null || target.name === leading) return;
    note('move-leader', `leadership to ${target.name}`, null);
    await requests.moveLeader(leading, target.name).catch(() => undefined); // It may refuse.
  }

  function partition(fault: Extract<LiveFault, { kind: 'halves' | 'ring' | 'bridge' }>): void {
    const names = namesOf();
    if (fault.kind === 'halves')
      cut(fault.kind, 'two halves that do not hear each other', halves(names, fault.from), fault.forMs);
    else if (fault.kind === 'ring') cut(fault.kind, 'each hears another majority', ring(names), fault.forMs);
    else cut(fault.kind, 'two halves that one joins', bridge(names, fault.over), fault.forMs);
  }

  function perform(fault: LiveFault): void {
    if (isAbandoned) return;
    switch (fault.kind) {
      case 'kill':
        kill(resolve(fault.target), fault.forMs);
        return;
      case 'pause':
        pause(resolve(fault.target), fault.forMs);
        return;
      case 'rolling-restart':
        rollingRestart();
        return;
      case 'cut': {
        const [from, to] = [machines()[fault.from], machines()[fault.to]];
        if (from === undefined || to === undefined || from === to) return;
        cut(fault.kind, `${from.name} ↛ ${to.name}`, [[from.name, to.name]], fault.forMs);
        return;
      }
      case 'isolate':
        for (const { name } of resolve(fault.target)) {
          const pairs = isolation(namesOf(), name, fault.direction);
          cut(fault.kind, `${name} cut off (${fault.direction})`, pairs, fault.forMs);
        }
        return;
      case 'flap':
        for (const machine of resolve(fault.target)) flap(machine, fault.periodMs, fault.forMs);
        return;
      case 'halves':
      case 'ring':
      case 'bridge':
        partition(fault);
        return;
      case 'slow-links':
        note(fault.kind, `links up to ${fault.delayMs} ms slower`, fault.forMs);
        lasting(fault.forMs, links.slow(allPairs(namesOf()), fault.delayMs));
        return;
      case 'reset-connections':
        note(fault.kind, 'all connections between members broken', null);
        network.reset?.();
        return;
      case 'full-disk':
        fillDisk(fault.forMs);
        return;
      case 'slow-disk':
      case 'wall-clock':
      case 'drift':
        disturb(fault);
        return;
      case 'pause-client':
        pauseClient(clients[fault.client], fault.forMs);
        return;
      case 'move-leader':
        run(moveLeader(fault.to));
        return;
      case 'compact':
        run(compact(fault.back));
    }
  }

  async function heal(): Promise<void> {
    for (const undo of [...undos]) undo();
    while (running.size > 0) await Promise.all(running);
    for (const machine of [...machines()]) {
      if (machine.member.state === 'paused') machine.member.resume();
      if (machine.member.state === 'stopped') start(machine);
    }
    while (running.size > 0) await Promise.all(running);
    if (failure !== null) throw failure.error;
  }

  async function abandon(): Promise<void> {
    isAbandoned = true;
    for (const undo of [...undos]) undo();
    while (running.size > 0) await Promise.all(running);
  }

  return { perform, note, heal, abandon, mayEnd: (machine) => full.has(machine), notes };
}

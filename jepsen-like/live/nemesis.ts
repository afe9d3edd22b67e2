import type { FaultNote } from '../history/index.js';
import type { Session } from '../store/index.js';
import type { ClientProcess } from './clients/index.js';
import type { Machine } from './machines/index.js';
import type { Links, Network } from './network/index.js';
import { createNetworkFaults } from './network-faults.js';
import type { LiveFault, LiveTarget } from './plan.js';
import { compactHistory } from './requests.js';
import type { MemberRequests } from './requests.js';
import { createSchedule } from './schedule.js';

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
  const schedule = createSchedule(nowUs);
  const { note, lasting, run } = schedule;
  const full = new Set<string>();
  let isAbandoned = false;
  const disturbNetwork = createNetworkFaults({
    schedule,
    links,
    network,
    names: () => machines().map(({ name }) => name),
  });

  function resolve(target: LiveTarget): readonly Machine[] {
    const all = machines();
    const leading = all.find(({ name }) => name === leader()) ?? all[0];
    if (leading === undefined) return [];
    const others = all.filter((machine) => machine !== leading);
    if (target === 'all') return [...all];
    if (target === 'leader') return [leading];
    if (target === 'follower') return others.slice(0, 1);
    if (target === 'majority') return [leading, ...others].slice(0, Math.floor(all.length / 2) + 1);
    return all.slice(target, target + 1);
  }

  const named = (targets: readonly Machine[]): string => targets.map(({ name }) => name).join(', ');

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
      case 'isolate':
      case 'flap':
        disturbNetwork(fault, resolve(fault.target)[0]?.name ?? null);
        return;
      case 'cut':
      case 'halves':
      case 'ring':
      case 'bridge':
      case 'slow-links':
      case 'reset-connections':
        disturbNetwork(fault, null);
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
    schedule.undoAll();
    await schedule.settle();
    for (const machine of [...machines()]) {
      if (machine.member.state === 'paused') machine.member.resume();
      if (machine.member.state === 'stopped') start(machine);
    }
    await schedule.settle();
    if (schedule.failure !== null) throw schedule.failure.error;
  }

  async function abandon(): Promise<void> {
    isAbandoned = true;
    schedule.undoAll();
    await schedule.settle();
  }

  return { perform, note, heal, abandon, mayEnd: (machine) => full.has(machine), notes: schedule.notes };
}

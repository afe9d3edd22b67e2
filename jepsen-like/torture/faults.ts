import { asBuffer, seededRandom } from '../../src/base/index.js';
import type { FaultNote } from '../history/index.js';
import type { Fault, Target } from '../plan/index.js';
import type { Host, World } from '../simulator/index.js';
import { keepOldDisk } from './old-disk.js';

/** Does faults to a world, and undoes them. */
export interface Nemesis {
  perform(fault: Fault): void;
  /** Undoes all that is still being done, and starts whoever is down. */
  heal(): void;
  /** Members whose disks were damaged: they may end themselves, and stay down. */
  readonly damaged: ReadonlySet<Host>;
  /** Members whose disks failed or were full: they may end themselves, and come back. */
  mayFail(host: Host): boolean;
  readonly notes: readonly FaultNote[];
  readonly counts: ReadonlyMap<string, number>;
}

const lateRestartUs = 100_000;

export function createNemesis(world: World): Nemesis {
  const { agenda, links, hosts } = world;
  const undos = new Set<() => void>();
  const damaged = new Set<Host>();
  const failing = new Set<Host>();
  const notes: FaultNote[] = [];
  const counts = new Map<string, number>();

  function resolve(target: Target): Host | null {
    const all = [...hosts.values()];
    if (typeof target === 'number') return all[target] ?? null;
    const { leader } = world;
    if (target === 'leader') return leader ?? all[0] ?? null;
    return all.find((host) => host !== leader) ?? null;
  }

  function note(kind: string, text: string, forMs: number | null): void {
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
    world.trace.text(text);
    notes.push({
      atUs: agenda.nowUs,
      kind,
      text,
      endUs: forMs === null ? null : agenda.nowUs + forMs * 1000,
    });
  }

  /** Undone after so long, or by `heal` if that comes first. */
  function lasting(forMs: number, undo: () => void): void {
    const once = (): void => {
      if (!undos.delete(once)) return;
      due.cancel();
      undo();
    };
    undos.add(once);
    const due = agenda.at(agenda.nowUs + forMs * 1000, once);
  }

  function startAgain(host: Host): void {
    if (hosts.get(host.name) === host) world.start(host.name);
  }

  function cut(pairs: readonly (readonly [string, string])[]): () => void {
    for (const [from, to] of pairs) links.between(from, to).cuts += 1;
    return () => {
      for (const [from, to] of pairs) links.between(from, to).cuts -= 1;
    };
  }

  function isolate(fault: Extract<Fault, { kind: 'isolate' }>, host: Host): void {
    const others = [...hosts.keys()].filter((name) => name !== host.name);
    const neighbours = fault.clients ? [...others, ...world.clients] : others;
    const pairs = neighbours.flatMap((name) => [
      ...(fault.direction === 'out' ? [] : [[name, host.name] as const]),
      ...(fault.direction === 'in' ? [] : [[host.name, name] as const]),
    ]);
    note(fault.kind, `${host.name} cut off (${fault.direction})`, fault.forMs);
    lasting(fault.forMs, cut(pairs));
  }

  function flap(fault: Extract<Fault, { kind: 'flap' }>, from: Host, to: Host): void {
    let mend: (() => void) | null = null;
    let next: { cancel(): void } | null = null;
    const turn = (): void => {
      if (mend === null) mend = cut([[from.name, to.name]]);
      else {
        mend();
        mend = null;
      }
      next = agenda.at(agenda.nowUs + fault.periodMs * 1000, turn);
    };
    turn();
    note(fault.kind, `the link ${from.name} to ${to.name} comes and goes`, fault.forMs);
    lasting(fault.forMs, () => {
      next?.cancel();
      mend?.();
    });
  }

  function worsenNetwork(fault: Extract<Fault, { kind: 'bad-network' }>): void {
    const names = [...hosts.keys()];
    const changed = names.flatMap((from) =>
      names.filter((to) => to !== from).map((to) => links.between(from, to)),
    );
    const { lossPermille, duplicatePermille, spreadMs, reorders, forMs } = fault;
    for (const link of changed)
      Object.assign(link, { lossPermille, duplicatePermille, reorders, spreadUs: spreadMs * 1000 });
    note(fault.kind, `bad network: ${lossPermille} ‰ lost, up to ${spreadMs} ms`, forMs);
    lasting(forMs, () => {
      for (const link of changed) link.calm();
    });
  }

  function damage(fault: Extract<Fault, { kind: 'damage' }>, host: Host): void {
    if (damaged.size > 0 && !damaged.has(host)) return; // Of one member alone: see Plan.
    const isLie = fault.how === 'misdirect' || fault.how === 'lose' || fault.how === 'unsynced';
    // Whoever is alone has only the word of its disk.
    if (isLie && world.configurationOf(host)?.voters.length === 1) return;
    note(fault.kind, `${host.name}: ${fault.how} on its disk`, null);
    damaged.add(host);
    if (isLie) {
      host.mayForget = true;
      host.nextWriteFault = fault.how;
      return;
    }
    const random = seededRandom(fault.pick);
    const stores = host.disk.stores();
    const store = stores[random.below(Math.max(1, stores.length))];
    if (store === undefined) return;
    const entries = host.disk.dump(store);
    if (entries.length === 0) return;
    const first = random.below(entries.length);
    for (const [key, value] of entries.slice(first, first + (fault.count ?? 1))) {
      const bit = random.below(Math.max(1, asBuffer(value).length * 8));
      host.disk.damage(
        store,
        fault.how === 'flip-bit' ? { type: 'flip-bit', key, bit } : { type: fault.how, key },
      );
    }
  }

  function killInElection({ kind, afterMs, forMs }: Extract<Fault, { kind: 'kill-in-election' }>): void {
    const forget = world.onNewTerm((host) => {
      forget();
      agenda.at(agenda.nowUs + afterMs * 1000, () => {
        if (!undos.has(disarm)) return;
        disarm();
        note(kind, `${host.name} killed in an election`, forMs);
        host.kill();
        lasting(forMs, () => startAgain(host));
      });
    });
    const disarm = (): void => {
      undos.delete(disarm);
      forget();
    };
    undos.add(disarm);
  }

  function failWrite({ when, restartAfterMs }: Extract<Fault, { kind: 'failed-write' }>, host: Host): void {
    if (when === 'next') host.nextWriteFault = 'fail';
    else host.failsAfterStoreIs = when === 'store-made' ? 'made' : 'removed';
    const undo = (): void => {
      host.nextWriteFault = null;
      host.failsAfterStoreIs = null;
      startAgain(host);
    };
    if (when === 'next') lasting(restartAfterMs, undo);
    else host.onEnd(() => lasting(restartAfterMs, undo)); // That may take a while.
  }

  function perform(fault: Fault): void {
    switch (fault.kind) {
      case 'power-cut-all': {
        note(fault.kind, 'power cut of all', fault.forMs);
        for (const host of hosts.values()) host.powerCut();
        lasting(fault.forMs, () => {
          for (const host of hosts.values()) startAgain(host);
        });
        return;
      }
      case 'kill-in-election':
        killInElection(fault);
        return;
      case 'bad-network':
        worsenNetwork(fault);
        return;
      case 'cut':
      case 'flap': {
        const from = resolve(fault.from);
        const to = resolve(fault.to);
        if (from === null || to === null || from === to) return;
        if (fault.kind === 'flap') {
          flap(fault, from, to);
          return;
        }
        note(fault.kind, `${from.name} ${fault.both ? '⇹' : '↛'} ${to.name}`, fault.forMs);
        const forth = [from.name, to.name] as const;
        lasting(fault.forMs, cut(fault.both ? [forth, [to.name, from.name]] : [forth]));
        return;
      }
      case 'move-leader': {
        const to = resolve(fault.to);
        const leader = world.leader?.member ?? null;
        if (to === null || leader === null) return;
        note(fault.kind, `leadership to ${to.name}`, null);
        leader.maintenance.moveLeader(world.identityOf(to.name).memberId).catch(() => undefined); // It may refuse.
        return;
      }
      case 'kill':
      case 'power-cut':
      case 'restart':
      case 'pause':
      case 'isolate':
      case 'slow-disk':
      case 'full-disk':
      case 'failed-write':
      case 'damage':
      case 'old-disk':
      case 'wall-clock':
      case 'drift': {
        const host = resolve(fault.target);
        if (host !== null) performOn(fault, host);
      }
    }
  }

  function performOn(
    fault: Exclude<
      Fault,
      { kind: 'kill-in-election' | 'power-cut-all' | 'bad-network' | 'cut' | 'flap' | 'move-leader' }
    >,
    host: Host,
  ): void {
    switch (fault.kind) {
      case 'kill':
        note(fault.kind, `${host.name} killed`, fault.forMs);
        host.kill();
        lasting(fault.forMs, () => startAgain(host));
        return;
      case 'power-cut':
        note(fault.kind, `${host.name} without power`, fault.forMs);
        host.powerCut();
        lasting(fault.forMs, () => startAgain(host));
        return;
      case 'restart':
        note(fault.kind, `${host.name} restarted`, null);
        // What it cannot finish while its disk fails, the end of the process finishes.
        host.stop().then(
          () => startAgain(host),
          () => startAgain(host),
        );
        return;
      case 'pause':
        note(fault.kind, `${host.name} stands still`, fault.forMs);
        host.pause();
        lasting(fault.forMs, () => host.resume());
        return;
      case 'isolate':
        isolate(fault, host);
        return;
      case 'slow-disk':
        note(fault.kind, `disk of ${host.name} ${fault.factor} times slower`, fault.forMs);
        host.diskSlowness = fault.factor;
        lasting(fault.forMs, () => (host.diskSlowness = 1));
        return;
      case 'full-disk':
        note(fault.kind, `disk of ${host.name} full`, fault.forMs);
        failing.add(host);
        host.diskFailure = 'ENOSPC';
        lasting(fault.forMs, () => {
          host.diskFailure = null;
          startAgain(host);
        });
        return;
      case 'failed-write':
        note(fault.kind, `a write of ${host.name} fails`, fault.restartAfterMs);
        failing.add(host);
        failWrite(fault, host);
        return;
      case 'damage':
        damage(fault, host);
        return;
      case 'old-disk': {
        const mayBe = (): boolean => damaged.size === 0 || damaged.has(host);
        if (!mayBe()) return;
        keepOldDisk(world, host, {
          afterMs: fault.afterMs,
          forMs: fault.forMs,
          lasting,
          putBack(image) {
            if (!mayBe()) return;
            note(fault.kind, `${host.name}: its disk of ${fault.afterMs} ms before it was killed`, null);
            damaged.add(host);
            host.mayForget = true;
            host.disk.putBack(image);
          },
        });
        return;
      }
      case 'wall-clock':
        note(fault.kind, `clock of ${host.name} jumps by ${fault.jumpMs} ms`, null);
        host.clock.jump(fault.jumpMs);
        return;
      case 'drift':
        note(fault.kind, `clock of ${host.name} drifts by ${fault.permille} ‰`, fault.forMs);
        host.clock.drift(fault.permille);
        lasting(fault.forMs, () => host.clock.drift(0));
        return;
    }
  }

  return {
    perform,
    heal() {
      for (const undo of [...undos]) undo();
      // A slow disk may only now tell of a write that failed before.
      for (const host of failing)
        host.onEnd(() => agenda.at(agenda.nowUs + lateRestartUs, () => startAgain(host)));
      for (const host of hosts.values()) {
        host.nextWriteFault = null;
        host.failsAfterStoreIs = null;
        if (!host.isUp) startAgain(host);
      }
    },
    damaged,
    mayFail: (host) => failing.has(host),
    notes,
    counts,
  };
}

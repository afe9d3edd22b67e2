import { Violation } from '../simulator/index.js';
import type { World } from '../simulator/index.js';
import type { Nemesis } from './faults.js';
import { saysRemoved } from './membership.js';

/** Lets time pass, and demands that something comes of it. All throw the Violations that happen on the way. */
export interface Progress {
  pass(ms: number): Promise<void>;
  /** Within `limitMs`, by default as long as a healed cluster may take for anything. */
  demand(what: string, until: () => boolean, limitMs?: number): Promise<void>;
  complete<T>(what: string, work: Promise<T>, limitMs?: number): Promise<T>;
}

const healLimitMs = 60_000;

/** Also looks whether members end that have no reason to. */
export function watchProgress(world: World, nemesis: Nemesis): Progress {
  const seen = new Set<Error>();

  function lookForEnds(): void {
    for (const host of world.hosts.values()) {
      const { fatal } = host;
      if (fatal === null || seen.has(fatal)) continue;
      seen.add(fatal);
      world.trace.text(fatal.message);
      if (nemesis.damaged.has(host)) continue;
      const isMeant = nemesis.mayFail(host) || saysRemoved(host);
      if (isMeant && !fatal.name.includes('Invariant')) continue;
      throw new Violation('no member ends without a reason', `${host.name}: ${fatal.stack ?? fatal.message}`);
    }
  }

  async function demand(what: string, until: () => boolean, limitMs = healLimitMs): Promise<void> {
    const reached = await world.run(() => {
      lookForEnds();
      return until();
    }, limitMs);
    if (!reached) throw new Violation('liveness', `${what}: not within ${limitMs} ms${stateOf(world)}`);
  }

  return {
    async pass(ms) {
      await world.run(() => {
        lookForEnds();
        return false;
      }, ms);
    },
    demand,
    async complete(what, work, limitMs = healLimitMs) {
      let isDone = false;
      const done = (): void => void (isDone = true);
      work.then(done, done);
      await demand(what, () => isDone, limitMs);
      return work;
    },
  };
}

function stateOf(world: World): string {
  return [...world.hosts.values()]
    .map((host) => {
      const status = host.member?.status();
      const state =
        status === undefined
          ? `down (${host.fatal?.message ?? 'no reason given'})`
          : `${status.role} of term ${status.term}, applied ${status.appliedIndex} of ${status.commitIndex}`;
      return `; ${host.name}${host.isRetired ? ' (removed)' : ''}: ${state}`;
    })
    .join('');
}

import { allPairs } from './network/index.js';
import type { Links, Network, Pair } from './network/index.js';
import { bridge, halves, isolation, ring } from './partitions.js';
import type { LiveFault, LiveFaultKind } from './plan.js';
import type { Schedule } from './schedule.js';

export type NetworkFault = Extract<
  LiveFault,
  { kind: 'cut' | 'isolate' | 'flap' | 'halves' | 'ring' | 'bridge' | 'slow-links' | 'reset-connections' }
>;

export interface NetworkFaultsOptions {
  readonly schedule: Schedule;
  readonly links: Links;
  readonly network: Network;
  /** Of the machines that there are. */
  readonly names: () => readonly string[];
}

/** Does a fault to the network; `target` is the machine that the fault names, where it names one by what it is. */
export function createNetworkFaults(
  options: NetworkFaultsOptions,
): (fault: NetworkFault, target: string | null) => void {
  const { schedule, links, network, names } = options;

  function cut(kind: LiveFaultKind, text: string, pairs: readonly Pair[], forMs: number): void {
    if (pairs.length === 0) return;
    schedule.note(kind, text, forMs);
    schedule.lasting(forMs, links.cut(pairs));
  }

  function flap(target: string, periodMs: number, forMs: number): void {
    const pairs = isolation(names(), target, 'both');
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
    schedule.note('flap', `the links of ${target} come and go`, forMs);
    schedule.lasting(forMs, () => {
      clearInterval(timer);
      mend?.();
    });
  }

  return (fault, target) => {
    const all = names();
    switch (fault.kind) {
      case 'cut': {
        const [from, to] = [all[fault.from], all[fault.to]];
        if (from === undefined || to === undefined || from === to) return;
        cut(fault.kind, `${from} ↛ ${to}`, [[from, to]], fault.forMs);
        return;
      }
      case 'isolate': {
        if (target === null) return;
        const pairs = isolation(all, target, fault.direction);
        cut(fault.kind, `${target} cut off (${fault.direction})`, pairs, fault.forMs);
        return;
      }
      case 'flap':
        if (target !== null) flap(target, fault.periodMs, fault.forMs);
        return;
      case 'halves':
        cut(fault.kind, 'two halves that do not hear each other', halves(all, fault.from), fault.forMs);
        return;
      case 'ring':
        cut(fault.kind, 'each hears another majority', ring(all), fault.forMs);
        return;
      case 'bridge':
        cut(fault.kind, 'two halves that one joins', bridge(all, fault.over), fault.forMs);
        return;
      case 'slow-links':
        schedule.note(fault.kind, `links up to ${fault.delayMs} ms slower`, fault.forMs);
        schedule.lasting(fault.forMs, links.slow(allPairs(all), fault.delayMs));
        return;
      case 'reset-connections':
        schedule.note(fault.kind, 'all connections between members broken', null);
        network.reset?.();
    }
  };
}

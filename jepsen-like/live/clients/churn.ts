import { some } from '../../../src/base/index.js';
import type { ChurnControl } from '../../workloads/index.js';
import type { ChurnSetup, MachineDeed, PlacedMachine } from './messages.js';

/**
 * Machines that come and go, as one client of a run sees them; the runner has them. Every name that the workload thinks of stands for one of
 * the machines that wait: their addresses have to be known before they start.
 */
export function createChurnControl(
  { voterCount, machines: first, ids, spares }: ChurnSetup,
  ask: (deed: MachineDeed) => Promise<void>,
): ChurnControl {
  /** By the workload's names. */
  const placed = new Map<string, PlacedMachine>(first.map((machine) => [machine.name, machine]));
  const running = new Map<string, string>(ids);
  const waiting = [...spares];
  let isTaken = false;

  function nameOf(peerUrls: readonly string[]): string | null {
    const [url] = peerUrls;
    const found = [...placed].find(([, machine]) => machine.peerUrls.some((each) => each === url));
    return found?.[0] ?? null;
  }

  const machineOf = (name: string): PlacedMachine =>
    some(placed.get(name), `a machine for ${name}, which has addresses`);

  return {
    voterCount,
    begin() {
      if (isTaken) return null;
      isTaken = true;
      return () => (isTaken = false);
    },
    peerUrlsOf(name) {
      const known = placed.get(name) ?? waiting.shift();
      if (known === undefined) return []; // No machine is left: to add a member without addresses is refused.
      placed.set(name, known);
      return known.peerUrls;
    },
    nameOf,
    machines: () => running,
    async startMember({ name, id, members }) {
      const initialCluster = members.flatMap(({ peerUrls }) => {
        const other = nameOf(peerUrls);
        return other === null ? [] : peerUrls.map((url) => `${machineOf(other).name}=${url}`);
      });
      running.set(name, id);
      const { name: machine } = machineOf(name);
      await ask({ type: 'start', machine, member: name, initialCluster: initialCluster.join(',') });
    },
    async stopMember(name) {
      if (running.delete(name)) await ask({ type: 'stop', machine: machineOf(name).name, member: name });
    },
  };
}

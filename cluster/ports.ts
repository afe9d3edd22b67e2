import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

import { ClusterError, systemCodeOf } from './errors.js';
import type { PortPlan } from './types.js';

export const host = '127.0.0.1';

export interface MemberPorts {
  readonly client: number;
  readonly peer: number;
}

/** Below what Linux hands to outgoing connections (32768 …), so that a member that is down keeps its ports. */
const freePorts = { from: 10_240, to: 32_000 };
const freePortTriesMax = 2_000;
const usualSizeMax = 6;

/** A pair of ports for each of `size` members. Throws `invalid-options` when the plan has no room for them. */
export async function planPorts(plan: PortPlan, size: number): Promise<MemberPorts[]> {
  if (plan === 'free') return findFreePorts(size);
  if (plan === 'usual') {
    if (size > usualSizeMax) {
      throw new ClusterError(
        'invalid-options',
        `the usual ports are enough for ${usualSizeMax} members, not for ${size}: ` +
          'give a first port (--base-port; ports: { base } in a program)',
      );
    }
    return numbered(size, (index) => {
      const client = index === 0 ? 2379 : 12_379 + index * 10_000;
      return { client, peer: client + 1 };
    });
  }
  const last = plan.base + 2 * size - 1;
  if (!Number.isInteger(plan.base) || plan.base < 1 || last > 65_535) {
    throw new ClusterError(
      'invalid-options',
      `a first port of ${plan.base} gives no ${2 * size} ports: it must be 1 to ${65_536 - 2 * size}`,
    );
  }
  return numbered(size, (index) => ({ client: plan.base + 2 * index, peer: plan.base + 2 * index + 1 }));
}

/** Throws `port-taken`, naming the port and whose it would be, if one cannot be listened on. */
export async function checkPortsAreFree(
  members: readonly { readonly name: string; readonly ports: MemberPorts }[],
): Promise<void> {
  for (const { name, ports } of members) {
    for (const purpose of ['client', 'peer'] as const) {
      const problem = await whyNotListen(ports[purpose]);
      if (problem === null) continue;
      const users = purpose === 'client' ? 'clients' : 'peers';
      throw new ClusterError(
        'port-taken',
        `${host}:${ports[purpose]}, for the ${users} of ${name}, ${describe(problem)}`,
      );
    }
  }
}

function describe(problem: string): string {
  if (problem === 'EADDRINUSE') {
    return (
      'is taken by another program (another cluster?): end that one, or choose other ports (--base-port; ports in ' +
      'a program). A cluster that has run before keeps its ports, so other ports take another --data-dir too.'
    );
  }
  return `cannot be listened on (${problem}): choose other ports (--base-port; ports in a program)`;
}

async function findFreePorts(size: number): Promise<MemberPorts[]> {
  const found = new Set<number>();
  for (let tries = 0; found.size < 2 * size && tries < freePortTriesMax; tries++) {
    const port = randomInt(freePorts.from, freePorts.to);
    if ((await whyNotListen(port)) === null) found.add(port);
  }
  const ports = [...found].sort((a, b) => a - b); // Lists of members, which go by their addresses, are then in order.
  return numbered(size, (index) => {
    const [client, peer] = ports.slice(2 * index, 2 * index + 2);
    if (client === undefined || peer === undefined) {
      throw new ClusterError(
        'invalid-options',
        `no ${2 * size} free ports in ${freePorts.from} to ${freePorts.to}`,
      );
    }
    return { client, peer };
  });
}

/** Null when the port can be listened on; otherwise the system's code. */
async function whyNotListen(port: number): Promise<string | null> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once('error', (error) => resolve(systemCodeOf(error) ?? error.message));
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(null)));
  });
}

function numbered<T>(size: number, make: (index: number) => T): T[] {
  return Array.from({ length: size }, (_, index) => make(index));
}

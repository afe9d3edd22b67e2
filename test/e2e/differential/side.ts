import type { Cluster } from '../../../cluster/index.js';
import { at } from '../../../src/base/index.js';
import { connectWire, methods } from './wire.js';
import type { Wire } from './wire.js';

/** One of the two systems, and what it calls the things that both have: members, leases of its own choice, tokens. */
export interface Side {
  readonly name: 'reference' | 'subject';
  readonly cluster: Cluster;
  wire(member: number): Wire;
  /** Ids in decimal, by index as in the cluster; made up beyond its size, for alarms may be of anybody. */
  readonly memberIds: readonly string[];
  /** Ids that the server chose, by the names that the run gave them: `chosen 3`. */
  readonly leaseIds: Map<string, string>;
  readonly tokens: string[];
  close(): void;
}

/** What a run calls a lease is its id, or a name for the id that either server chose. */
export function leaseIdOn(side: Side, lease: string): string {
  return side.leaseIds.get(lease) ?? lease;
}

export function leaseNameOn(side: Side, id: string): string {
  for (const [name, chosen] of side.leaseIds) if (chosen === id) return name;
  return id;
}

export function memberNameOn(side: Side, id: string): string {
  const index = side.memberIds.indexOf(id);
  return index < 0 ? id : `n${index + 1}`;
}

export async function createSide(name: Side['name'], cluster: Cluster): Promise<Side> {
  const wires = cluster.endpoints.map(connectWire);
  const realIds = await Promise.all(wires.map(memberIdOf));
  const memberIds = [0, 1, 2].map((index) => realIds[index] ?? `123456789012345670${index}`);
  return {
    name,
    cluster,
    wire: (member) => at(wires, member % wires.length),
    memberIds,
    leaseIds: new Map(),
    tokens: [],
    close: () => wires.forEach((wire) => wire.close()),
  };
}

async function memberIdOf(wire: Wire): Promise<string> {
  const { path, response } = methods['Maintenance/Status'];
  const reply = await wire.call(path, new Uint8Array(), null);
  if (!reply.ok) throw new Error(`a member tells no status: ${reply.sentence}`);
  const { header } = response.toObject(response.decode(reply.bytes), { longs: String }) as {
    readonly header?: { readonly memberId?: string };
  };
  return header?.memberId ?? '0';
}

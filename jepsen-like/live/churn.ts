import type { ChurnSetup, ClientProcess, Endpoints, GrpcTransport, MachineDeed } from './clients/index.js';
import type { LiveNemesis } from './nemesis.js';
import type { MemberRequests } from './requests.js';
import type { Stage } from './stage.js';

/** What the client that changes the membership has to know. */
export async function churnSetupOf(stage: Stage, requests: MemberRequests): Promise<ChurnSetup> {
  const { machines, spares } = stage;
  const ids = machines.map(async ({ name }) => {
    const { header } = await requests.status(name);
    const id = BigInt.asUintN(64, BigInt(String(header?.memberId ?? 0)));
    return [name, id.toString(16).padStart(16, '0')] as const;
  });
  return {
    voterCount: machines.length,
    machines: machines.map(({ name, place }) => ({ name, peerUrls: place.advertisedPeerUrls })),
    ids: await Promise.all(ids),
    spares: [...spares].map(([name, { advertisedPeerUrls: peerUrls }]) => ({ name, peerUrls })),
  };
}

export function endpointsOf({ machines }: Stage): Endpoints {
  return machines.map(({ name, endpoint }) => [name, endpoint] as const);
}

export interface DeedParts {
  readonly stage: Stage;
  readonly nemesis: LiveNemesis;
  readonly clients: readonly ClientProcess[];
  readonly transport: GrpcTransport;
}

/** Does to the machines what the client asks for, and tells everybody who may be asked now. */
export async function carryOutDeed(deed: MachineDeed, parts: DeedParts): Promise<void> {
  const { stage, nemesis, clients, transport } = parts;
  const { machine: name, member } = deed;
  if (deed.type === 'stop') {
    nemesis.note('churn', `${name} (${member}) has been removed`, null);
    stage.retire(name);
  } else {
    nemesis.note('churn', `${name} starts, for the new member ${member}`, null);
    const machine = stage.join(name, deed.initialCluster);
    await machine.inTurn((process) => process.start());
  }
  const endpoints = endpointsOf(stage);
  transport.readdress(new Map(endpoints));
  for (const client of clients) client.readdress(endpoints);
}

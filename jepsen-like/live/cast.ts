import { join } from 'node:path';
import { some } from '../../src/base/index.js';
import { createRecorder, createSession } from '../store/index.js';
import type { Session } from '../store/index.js';
import { carryOutDeed, churnSetupOf, endpointsOf } from './churn.js';
import { createGrpcTransport, monotonicUs, startClient } from './clients/index.js';
import type { ClientHistory, ClientProcess } from './clients/index.js';
import { createLiveNemesis } from './nemesis.js';
import type { LiveNemesis } from './nemesis.js';
import type { LivePlan } from './plan.js';
import { createMemberRequests } from './requests.js';
import type { MemberRequests } from './requests.js';
import type { Stage } from './stage.js';
import { watchMembers } from './watch-members.js';
import type { MemberWatch } from './watch-members.js';

/** All that plays a part in one run. */
export interface Cast {
  readonly stage: Stage;
  readonly clients: readonly ClientProcess[];
  readonly nemesis: LiveNemesis;
  readonly watch: MemberWatch;
  /** Of the runner itself: recorded as any client's. */
  readonly session: Session;
  readonly requests: MemberRequests;
  readonly ownHistory: () => ClientHistory;
  readonly nowUs: () => number;
  /** Ends all processes. */
  close(): Promise<void>;
}

export async function gather(stage: Stage, plan: LivePlan): Promise<Cast> {
  const { machines, links, network, guard, folder } = stage;
  const baseUs = monotonicUs(0);
  const nowUs = (): number => monotonicUs(baseUs);
  const endpoints = endpointsOf(stage);
  const transport = createGrpcTransport();
  transport.readdress(new Map(endpoints));
  const recorder = createRecorder(nowUs);
  const session = createSession({ transport, recorder, home: 0, timeoutMs: 3000, waitTimeoutMs: 3000 });
  const clients: ClientProcess[] = [];
  const watch = watchMembers({ machines: () => machines, transport, nowUs });
  const requests = createMemberRequests(transport);
  const nemesis = createLiveNemesis({
    machines: () => machines,
    clients,
    links,
    network,
    session,
    requests,
    leader: () => watch.leader,
    nowUs,
  });
  let closed: Promise<void> | null = null;

  async function close(): Promise<void> {
    await nemesis.abandon();
    await Promise.all(clients.map((client) => client.kill()));
    await watch.close();
    transport.close();
    await stage.close();
  }

  const cast: Cast = {
    stage,
    clients,
    nemesis,
    watch,
    session,
    requests,
    ownHistory: () => recorder.history(),
    nowUs,
    close: () => (closed ??= close()),
  };
  try {
    const churn = plan.workloads.includes('churn') ? await churnSetupOf(stage, requests) : null;
    const churner = plan.workloads.indexOf('churn');
    const starting = Array.from({ length: plan.clients }, async (_, number) => {
      const { workloads, keys, seed } = plan;
      const setup = {
        ...{ number, clients: plan.clients, keys, seed, endpoints, baseUs },
        actionsPerSecond: plan.actionsPerSecond / plan.clients,
        workload: some(workloads[number % workloads.length], 'a workload for every client'),
        historyFile: join(folder, `client-${number}.json`),
        churn: number === churner ? churn : null,
      };
      return startClient(setup, guard, (deed) => carryOutDeed(deed, { stage, nemesis, clients, transport }));
    });
    const started = await Promise.allSettled(starting);
    clients.push(...started.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : [])));
    await Promise.all(starting);
  } catch (error) {
    await cast.close();
    throw error;
  }
  return cast;
}

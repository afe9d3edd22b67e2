import { httpGet } from './health.js';
import type { MemberStatus } from '../src/client/index.js';
import { createStatusDesk, leaderAmong } from './status.js';
import type { StatusOf } from './status.js';
import type { Cluster, ClusterMember, ClusterTls, MemberState } from './types.js';

/** One member as it is seen from outside. What it says of itself is null while it does not answer. */
export interface MemberView {
  readonly name: string;
  readonly clientUrl: string;
  readonly state: MemberState;
  readonly pid: number | null;
  readonly uptimeMs: number | null;
  readonly restartCount: number;
  readonly status: MemberStatus | null;
  /** Entries that the leader has and that this member has not applied yet; null without a leader. */
  readonly lag: number | null;
  /** Revisions that this member applied a second: each is one transaction that wrote. */
  readonly writesPerSecond: number | null;
  /** Calls that this member answered a second; null where it offers no metrics. */
  readonly requestsPerSecond: number | null;
}

export interface ClusterView {
  readonly members: readonly MemberView[];
  /** Null while no member says that it leads. */
  readonly leader: { readonly name: string; readonly term: number } | null;
}

/** Looks at a running cluster again and again, over connections that it keeps. */
export interface ClusterWatcher {
  /** Asks all members at once. Rates count from one look to the next. */
  look(): Promise<ClusterView>;
  close(): Promise<void>;
}

const answerTimeoutMs = 800;
const countPattern = /^grpc_server_handled_total(?:\{[^}]*\})? (\S+)/gm;

interface Sample {
  readonly pid: number | null;
  readonly at: number;
  readonly status: MemberStatus | null;
  readonly requestCount: number | null;
}

export function watchCluster(cluster: Cluster): ClusterWatcher {
  const desk = createStatusDesk(cluster.members, cluster.tls);
  const samples = new Map<string, Sample>();

  async function take({ member, status }: StatusOf): Promise<{ member: ClusterMember; sample: Sample }> {
    const { pid } = member;
    const at = performance.now();
    const requestCount = status === null ? null : await countRequests(member.clientUrl, cluster.tls);
    return { member, sample: { pid, at, status, requestCount } };
  }

  async function look(): Promise<ClusterView> {
    const answers = await desk.askAll(answerTimeoutMs);
    const taken = await Promise.all(answers.map(take));
    const leading = leaderAmong(answers);
    const members = taken.map(({ member, sample }): MemberView => {
      const before = samples.get(member.name);
      samples.set(member.name, sample);
      const { status } = sample;
      return {
        name: member.name,
        clientUrl: member.clientUrl,
        state: member.state,
        pid: member.pid,
        uptimeMs: member.uptimeMs,
        restartCount: Math.max(0, member.startCount - 1),
        status,
        // The members were not asked at the same instant: a follower may even seem ahead.
        lag:
          status === null || leading === null
            ? null
            : Math.max(0, leading.status.index - status.appliedIndex),
        writesPerSecond: rate(before, sample, ({ status }) => status?.revision ?? null),
        requestsPerSecond: rate(before, sample, ({ requestCount }) => requestCount),
      };
    });
    const leader = leading === null ? null : { name: leading.member.name, term: leading.status.term };
    return { members, leader };
  }

  return {
    look,
    async close() {
      await desk.close();
    },
  };
}

/** Null across a restart, and where either sample lacks the count. */
function rate(
  before: Sample | undefined,
  now: Sample,
  countOf: (sample: Sample) => number | null,
): number | null {
  if (before === undefined || before.pid !== now.pid || now.at <= before.at) return null;
  const [from, to] = [countOf(before), countOf(now)];
  if (from === null || to === null) return null;
  return Math.max(0, ((to - from) * 1000) / (now.at - before.at));
}

async function countRequests(clientUrl: string, tls: ClusterTls | null): Promise<number | null> {
  const answer = await httpGet(`${clientUrl}/metrics`, tls, answerTimeoutMs);
  if (answer === null || answer.status !== 200) return null;
  const counts = [...answer.body.matchAll(countPattern)].map((match) => Number(match[1]));
  return counts.length === 0 ? null : counts.reduce((sum, count) => sum + count, 0);
}

import { connect } from '../src/client/index.js';
import type { Client, MemberStatus } from '../src/client/index.js';
import type { ClusterMember, ClusterTls } from './types.js';

const connectTimeoutMs = 1_000;

export interface StatusOf {
  readonly member: ClusterMember;
  /** Null while the member does not answer. */
  readonly status: MemberStatus | null;
}

/** Asks members what they say of themselves, over connections that it keeps from one time to the next. */
export interface StatusDesk {
  /** All at once; those that run not, or do not answer within `timeoutMs`, have none. */
  askAll(timeoutMs: number): Promise<readonly StatusOf[]>;
  /** Closes the connections. Asking opens new ones. */
  close(): Promise<void>;
}

export function createStatusDesk(members: readonly ClusterMember[], tls: ClusterTls | null): StatusDesk {
  let client: Client | null = null;

  async function ask(member: ClusterMember, timeoutMs: number): Promise<StatusOf> {
    if (member.state !== 'running') return { member, status: null };
    client ??= connect(
      members.map(({ endpoint }) => endpoint),
      tls === null ? { connectTimeoutMs } : { connectTimeoutMs, tls },
    );
    try {
      return { member, status: await client.status(member.endpoint, { timeoutMs }) };
    } catch {
      return { member, status: null }; // Whatever the reason: it does not answer.
    }
  }

  return {
    askAll: (timeoutMs) => Promise.all(members.map((member) => ask(member, timeoutMs))),
    async close() {
      const closing = client;
      client = null;
      await closing?.close();
    },
  };
}

/** The member that leads. A deposed leader that has not heard of it says so too: the highest term counts. */
export function leaderAmong(
  answers: readonly StatusOf[],
): { member: ClusterMember; status: MemberStatus } | null {
  const leaders = answers.flatMap(({ member, status }) =>
    status !== null && status.isLeader ? [{ member, status }] : [],
  );
  leaders.sort((a, b) => b.status.term - a.status.term);
  return leaders[0] ?? null;
}

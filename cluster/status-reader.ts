/** TEMPORARY until client lands */
export interface StatusAnswer {
  readonly clusterId: string;
  readonly memberId: string;
  readonly version: string;
  readonly isLeader: boolean;
  readonly leaderId: string | null;
  readonly isLearner: boolean;
  readonly term: number;
  readonly raftIndex: number;
  readonly appliedIndex: number;
  readonly revision: number;
  readonly dbSizeBytes: number;
}
export interface StatusReader {
  read(timeoutMs: number): Promise<StatusAnswer | null>;
  close(): Promise<void>;
}
export function openStatusReader(endpoint: string): StatusReader {
  return {
    async read(timeoutMs) {
      try {
        const r = await fetch(`http://${endpoint}/v3/maintenance/status`, {
          method: 'POST',
          body: '{}',
          signal: AbortSignal.timeout(timeoutMs),
        });
        const j = (await r.json()) as {
          header: Record<string, string>;
          leader?: string;
          raftIndex?: string;
          raftTerm?: string;
          raftAppliedIndex?: string;
          dbSize?: string;
          version?: string;
        };
        const memberId = BigInt(j.header['member_id'] ?? 0).toString(16);
        const leaderId = BigInt(j.leader ?? 0).toString(16);
        return {
          clusterId: BigInt(j.header['cluster_id'] ?? 0).toString(16),
          memberId,
          version: j.version ?? '',
          isLeader: leaderId === memberId,
          leaderId: leaderId === '0' ? null : leaderId,
          isLearner: false,
          term: Number(j.raftTerm),
          raftIndex: Number(j.raftIndex),
          appliedIndex: Number(j.raftAppliedIndex),
          revision: Number(j.header['revision']),
          dbSizeBytes: Number(j.dbSize),
        };
      } catch {
        return null;
      }
    },
    close: () => Promise.resolve(),
  };
}

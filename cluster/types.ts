/** Which ports a new cluster takes. A restart takes those it had. */
export type PortPlan =
  /** Clients on 2379, 22379, 32379, …, peers on 2380, 22380, 32380, …: up to six members. */
  | 'usual'
  /** Any free ones, below the range from which the system takes its own. For tests. */
  | 'free'
  /** Two neighbours a member: clients on base, base + 2, …, peers on base + 1, base + 3, … */
  | { readonly base: number };

export interface ClusterOptions {
  /** Where members keep their data, a folder each, beside their log files and `cluster.json`. Created if missing. */
  readonly dataFolder: string;
  /** How many members. Default: as many as `dataFolder` holds, or 3 in a new one. */
  readonly size?: number;
  /** Default: the ports of the cluster in `dataFolder`, or `'usual'` for a new one. */
  readonly ports?: PortPlan;
  /** Goes into the cluster's id, so that two clusters never take each other's members for their own. Default: random. */
  readonly token?: string;
  /**
   * The command that runs a member, to which its flags are appended. Default: `quorate server` of this package.
   * Whatever takes etcd's flags will do: `['etcd']`.
   */
  readonly program?: readonly string[];
  /** Flags for every member, after those that the launcher gives. */
  readonly extraFlags?: readonly string[];
  /** Variables for every member, on top of this process's own. */
  readonly env?: Readonly<Record<string, string>>;
  /**
   * TLS for clients and between members, with certificates that the launcher makes: see `Cluster.tls`. Default: as the
   * cluster in `dataFolder`, or none.
   */
  readonly tls?: boolean;
  readonly heartbeatIntervalMs?: number;
  readonly electionTimeoutMs?: number;
  readonly snapshotCount?: number;
  /** Restart a member that dies without having been asked to, after a short pause. Default: false. */
  readonly restartDeadMembers?: boolean;
  /**
   * Takes each line that a member prints, in place of its log file. The lines come through a pipe: a program that
   * blocks its event loop blocks its members too once the pipe is full.
   */
  readonly onLogLine?: (memberName: string, line: string) => void;
}

export type ClusterEvent =
  | { readonly type: 'started'; readonly member: string; readonly pid: number }
  | ExitEvent
  /** A dead member will be started again in `delayMs`; `attempt` counts from 1 since it last lived for a while. */
  | {
      readonly type: 'restarting';
      readonly member: string;
      readonly delayMs: number;
      readonly attempt: number;
    }
  /** It could not be started again; another try follows. */
  | { readonly type: 'start-failed'; readonly member: string; readonly message: string };

export interface ExitEvent {
  readonly type: 'exited';
  readonly member: string;
  readonly pid: number;
  /** Null when a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** `stop` or `kill` asked for it. */
  readonly isExpected: boolean;
  readonly ranForMs: number;
  /** The last of what it printed since it started. */
  readonly lastLines: readonly string[];
}

export type MemberState = 'stopped' | 'running' | 'paused';

/** One member as a process. Every method acts on the process that this launcher started, and on no other. */
export interface ClusterMember {
  readonly name: string;
  /** `http://127.0.0.1:2379`, as in the member's flags; with TLS `https://…`. */
  readonly clientUrl: string;
  readonly peerUrl: string;
  /** `127.0.0.1:2379`, as clients take it; with TLS `https://127.0.0.1:2379`. */
  readonly endpoint: string;
  readonly dataFolder: string;
  /** Null when lines go to `onLogLine`. */
  readonly logFile: string | null;
  readonly state: MemberState;
  /** Null while it is stopped. */
  readonly pid: number | null;
  /** How often it was started. */
  readonly startCount: number;
  /** Milliseconds since it was last started; null while it is stopped. */
  readonly uptimeMs: number | null;
  /** Resolves when the process exists: see `waitUntilServing`. Nothing happens if it runs already. */
  start(): Promise<void>;
  /**
   * Resolves when the member answers a linearizable health check, which takes a leader and a quorum. Throws
   * `member-died` with its last log lines if it dies, and `timed-out` after `timeoutMs` (default 30 s).
   */
  waitUntilServing(options?: { readonly timeoutMs?: number }): Promise<void>;
  /** SIGTERM, and SIGKILL after `graceMs` (default 10 s). Resolves when the process is gone. */
  stop(options?: { readonly graceMs?: number }): Promise<void>;
  /** SIGKILL. Resolves when the process is gone. */
  kill(): Promise<void>;
  /** SIGSTOP: the member freezes, its connections stay open. */
  pause(): void;
  /** SIGCONT. */
  resume(): void;
  /** `stop` and `start`. */
  restart(): Promise<void>;
  /** The last of what it printed since it was last started, up to 20 lines. */
  lastLogLines(): Promise<readonly string[]>;
}

/** In PEM: the authority that signed the members' certificates, and a certificate that they take clients by. */
export interface ClusterTls {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
  /** The same as files. */
  readonly caFile: string;
  readonly certFile: string;
  readonly keyFile: string;
}

/** A cluster of processes on this machine. They end with the process that started them, however that ends. */
export interface Cluster extends AsyncDisposable {
  readonly dataFolder: string;
  readonly members: readonly ClusterMember[];
  /** Where clients connect: `127.0.0.1:2379`, … or `https://127.0.0.1:2379`, … */
  readonly endpoints: readonly string[];
  /** What a client needs in order to connect: `connect(cluster.endpoints, { tls: cluster.tls })`. Null without TLS. */
  readonly tls: ClusterTls | null;
  /** The data folder held this cluster before. */
  readonly isResumed: boolean;
  /** The member of that name, which must exist. */
  member(name: string): ClusterMember;
  /**
   * Starts all members and resolves when each serves. Throws a ClusterError, with all of them stopped again:
   * `port-taken`, `member-died` (with what it said: that its data is of another cluster, for example), or `timed-out`
   * after `timeoutMs` (default 30 s).
   */
  start(options?: { readonly timeoutMs?: number }): Promise<void>;
  /** Stops all members. A later `start` finds their data. */
  stop(options?: { readonly graceMs?: number }): Promise<void>;
  /** SIGKILL for all members at once. */
  kill(): Promise<void>;
  /** The member that leads, by the members' own word (the highest term counts); null when none says so. */
  leader(): Promise<ClusterMember | null>;
  /** Resolves with the leader as soon as there is one. Throws `timed-out` after `timeoutMs` (default 30 s). */
  waitForLeader(options?: { readonly timeoutMs?: number }): Promise<ClusterMember>;
  /** Calls `listener` for each event from now on; the function that it answers ends that. */
  subscribe(listener: (event: ClusterEvent) => void): () => void;
}

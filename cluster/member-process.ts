import type { Guard } from './guard.js';
import { createMember } from './member.js';
import type { MemberPorts } from './ports.js';
import type { ClusterEvent, ClusterMember } from './types.js';

export interface MemberProcessOptions {
  readonly name: string;
  readonly clientUrl: string;
  readonly peerUrl: string;
  /** Have to be free at every start. */
  readonly ports: MemberPorts;
  readonly dataFolder: string;
  readonly logFile: string;
  readonly command: readonly [file: string, ...args: string[]];
  /** On top of this process's own. */
  readonly env?: Readonly<Record<string, string>>;
  readonly guard: Guard;
  readonly onEvent: (event: ClusterEvent) => void;
}

/** One member as a process, for whoever lays out a cluster of their own: without TLS, and with all of its flags given. */
export function createMemberProcess(options: MemberProcessOptions): ClusterMember {
  const { name, ports, command, env, onEvent, ...rest } = options;
  const [file, ...args] = command;
  return createMember({
    ...rest,
    layout: { name, ports },
    tls: null,
    command: { file, args },
    env: { ...process.env, ...env },
    onLogLine: null,
    emit: onEvent,
  });
}

import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { host } from './ports.js';
import type { Layout, MemberLayout } from './layout.js';
import type { ClusterOptions } from './types.js';

export function clientUrlOf(member: MemberLayout): string {
  return `http://${host}:${member.ports.client}`;
}

export function peerUrlOf(member: MemberLayout): string {
  return `http://${host}:${member.ports.peer}`;
}

/** The command line of one member, in flags that etcd and Quorate share. */
export function commandOf(
  member: MemberLayout,
  layout: Layout,
  dataFolder: string,
  options: ClusterOptions,
): { readonly file: string; readonly args: readonly string[] } {
  const [file = process.execPath, ...prefix] = options.program ?? defaultProgram();
  const flags: [string, string | number | undefined][] = [
    ['name', member.name],
    ['data-dir', dataFolder],
    ['listen-client-urls', clientUrlOf(member)],
    ['advertise-client-urls', clientUrlOf(member)],
    ['listen-peer-urls', peerUrlOf(member)],
    ['initial-advertise-peer-urls', peerUrlOf(member)],
    ['initial-cluster', layout.members.map((other) => `${other.name}=${peerUrlOf(other)}`).join(',')],
    ['initial-cluster-state', 'new'],
    ['initial-cluster-token', layout.token],
    ['heartbeat-interval', options.heartbeatIntervalMs],
    ['election-timeout', options.electionTimeoutMs],
    ['snapshot-count', options.snapshotCount],
  ];
  const given = flags.flatMap(([name, value]) => (value === undefined ? [] : [`--${name}`, String(value)]));
  return { file, args: [...prefix, ...given, ...(options.extraFlags ?? [])] };
}

/** `quorate server` as it was built: this file is in dist/cluster, or in cluster when the sources are run. */
function defaultProgram(): string[] {
  const here = fileURLToPath(import.meta.url);
  const root = join(dirname(here), '..');
  const built = here.endsWith('.ts') ? join(root, 'dist') : root;
  return [process.execPath, join(built, 'src', 'cli', 'main.js'), 'server'];
}

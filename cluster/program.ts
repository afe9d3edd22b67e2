import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { host } from './ports.js';
import type { Layout, MemberLayout } from './layout.js';
import { tlsFlags } from './tls/certificates.js';
import type { ClusterOptions } from './types.js';

export function clientUrlOf(member: MemberLayout, { tls }: Pick<Layout, 'tls'>): string {
  return `${tls ? 'https' : 'http'}://${host}:${member.ports.client}`;
}

export function peerUrlOf(member: MemberLayout, { tls }: Pick<Layout, 'tls'>): string {
  return `${tls ? 'https' : 'http'}://${host}:${member.ports.peer}`;
}

/** The command line of one member, in flags that etcd and Quorate share. */
export function commandOf(
  member: MemberLayout,
  layout: Layout,
  folders: { readonly cluster: string; readonly member: string },
  options: ClusterOptions,
): { readonly file: string; readonly args: readonly string[] } {
  const [file = process.execPath, ...prefix] = options.program ?? defaultProgram();
  const flags: [string, string | number | undefined][] = [
    ['name', member.name],
    ['data-dir', folders.member],
    ['listen-client-urls', clientUrlOf(member, layout)],
    ['advertise-client-urls', clientUrlOf(member, layout)],
    ['listen-peer-urls', peerUrlOf(member, layout)],
    ['initial-advertise-peer-urls', peerUrlOf(member, layout)],
    ['initial-cluster', layout.members.map((other) => `${other.name}=${peerUrlOf(other, layout)}`).join(',')],
    ['initial-cluster-state', 'new'],
    ['initial-cluster-token', layout.token],
    ['heartbeat-interval', options.heartbeatIntervalMs],
    ['election-timeout', options.electionTimeoutMs],
    ['snapshot-count', options.snapshotCount],
  ];
  const given = flags.flatMap(([name, value]) => (value === undefined ? [] : [`--${name}`, String(value)]));
  const secured = layout.tls ? tlsFlags(folders.cluster, member.name) : [];
  return { file, args: [...prefix, ...given, ...secured, ...(options.extraFlags ?? [])] };
}

/** `quorate server` as it was built: this file is in dist/cluster, or in cluster when the sources are run. */
function defaultProgram(): string[] {
  const here = fileURLToPath(import.meta.url);
  const root = join(dirname(here), '..');
  const built = here.endsWith('.ts') ? join(root, 'dist') : root;
  return [process.execPath, join(built, 'src', 'cli', 'main.js'), 'server'];
}

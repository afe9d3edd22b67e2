import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { buffer } from 'node:stream/consumers';

/** What one run of etcdctl printed and how it ended. */
export interface Printed {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Why etcdctl 3.4 cannot be run here, or null. */
export function whyNoEtcdctl(): string | null {
  const { error, stdout } = spawnSync('etcdctl', ['version'], { encoding: 'utf8', env: environment() });
  if (error !== undefined) return 'etcdctl is not installed (Debian: apt-get install etcd-client)';
  return stdout.includes('3.4.') ? null : `etcdctl is not 3.4: ${stdout.trim()}`;
}

/** Runs the unchanged etcdctl against one member. */
export async function etcdctl(endpoint: string, args: readonly string[], input = ''): Promise<Printed> {
  const child = spawn('etcdctl', ['--endpoints', endpoint, ...args], { env: environment() });
  child.stdin.on('error', () => undefined); // It may end without having read what it was given.
  child.stdin.end(input);
  const [stdout, stderr] = await Promise.all([
    buffer(child.stdout),
    buffer(child.stderr),
    once(child, 'close'),
  ]);
  // Latin-1, for the output may be protobuf: one character a byte.
  return {
    exitCode: child.exitCode ?? -1,
    stdout: stdout.toString('latin1'),
    stderr: stderr.toString('latin1'),
  };
}

function environment(): NodeJS.ProcessEnv {
  return { PATH: process.env['PATH'], ETCDCTL_API: '3' };
}

/** Without what differs from cluster to cluster whatever it stores: ids, terms, and the times in log lines. */
export function withoutIds(printed: Printed): Printed {
  return {
    exitCode: printed.exitCode,
    stdout: maskIds(printed.stdout),
    stderr: maskIds(printed.stderr),
  };
}

function maskIds(output: string): string {
  return output
    .replaceAll(/"(cluster_id|member_id|raft_term)":\d+/g, '"$1":…')
    .replaceAll(/"(ClusterID|MemberID|RaftTerm)" : \d+/g, '"$1" : …')
    .replaceAll(/"ts":"[^"]*"/g, '"ts":…')
    .replaceAll(/"target":"[^"]*"/g, '"target":…');
}

/** The cells of a table, row by row, the head included. */
export function tableOf(stdout: string): readonly (readonly string[])[] {
  return stdout
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .map((line) =>
      line
        .slice(1, -1)
        .split('|')
        .map((cell) => cell.trim()),
    );
}

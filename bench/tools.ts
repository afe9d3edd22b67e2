import { spawnSync } from 'node:child_process';

/** Programs that a run needs besides this one, with the command that installs each on Debian and Ubuntu. */
const packages = { etcd: 'etcd-server', h2load: 'nghttp2-client' } as const;
export type Tool = keyof typeof packages;

export function missingTools(needed: readonly Tool[]): readonly Tool[] {
  return needed.filter((tool) => spawnSync(tool, ['--version']).error !== undefined);
}

/** What a person does about it. */
export function adviceFor(missing: readonly Tool[]): string {
  const names = missing.map((tool) => packages[tool]).join(' ');
  return `Not installed: ${missing.join(', ')}. Install with:\n\n  sudo apt-get install ${names}`;
}

/** The first line that the tool says of itself; null when it is not there. */
export function versionOf(tool: Tool): string | null {
  const { stdout, error } = spawnSync(tool, ['--version'], { encoding: 'utf8' });
  return error === undefined ? (stdout.split('\n')[0] ?? '') : null;
}

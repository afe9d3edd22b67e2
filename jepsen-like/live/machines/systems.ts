import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { messageOf, QuorateError } from '../../../src/base/index.js';
import { builtFile } from '../built.js';

export type SystemName = 'quorate' | 'etcd';

/** What is tortured. */
export interface System {
  readonly name: SystemName;
  /** For people: `etcd 3.4.23`. */
  readonly title: string;
  /** What starts a member, before its flags. */
  readonly command: readonly [string, ...string[]];
  readonly extraFlags: readonly string[];
  /** Clocks and disks of its processes can be disturbed from within: see inject.ts. */
  readonly takesInjections: boolean;
  /** Size of a disk on which a member has room for a run. */
  readonly diskSizeMib: number;
}

const here = (path: string): string => builtFile(fileURLToPath(new URL(path, import.meta.url)));

/** Errors: `invalid-configuration` when the system is not installed. */
export async function findSystem(name: SystemName): Promise<System> {
  if (name === 'quorate') {
    return {
      name,
      title: 'quorate (real processes)',
      command: [
        process.execPath,
        '--import',
        here('./inject.js'),
        here('../../../src/cli/main.js'),
        'server',
      ],
      extraFlags: [],
      takesInjections: true,
      diskSizeMib: 96,
    };
  }
  return {
    name,
    title: `etcd ${await versionOfEtcd()} (real processes)`,
    command: ['etcd'],
    extraFlags: ['--logger', 'zap', '--log-level', 'warn'],
    takesInjections: false,
    diskSizeMib: 400, // It takes room for its log beforehand: 64 MiB a piece.
  };
}

async function versionOfEtcd(): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)('etcd', ['--version']);
    return /etcd Version: (\S+)/.exec(stdout)?.[1] ?? 'of an unknown version';
  } catch (error) {
    throw new QuorateError(
      'invalid-configuration',
      `--system etcd needs the program etcd on the PATH (apt-get install etcd-server): ${messageOf(error)}`,
    );
  }
}

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDisk } from './machines/index.js';
import type { System } from './machines/index.js';
import type { LiveFaultKind } from './plan.js';

const probeSizeMib = 1;

/**
 * Which faults can be done here to this system; of each other one, why not is told. What is left out would otherwise seem to have been
 * survived.
 */
export async function possibleFaults(
  wished: readonly LiveFaultKind[],
  system: System,
  usesNamespaces: boolean,
  tell: (line: string) => void,
): Promise<readonly LiveFaultKind[]> {
  const possible: LiveFaultKind[] = [];
  for (const kind of wished) {
    const obstacle = await obstacleTo(kind, system, usesNamespaces);
    if (obstacle === null) possible.push(kind);
    else tell(`left out: ${kind} (${obstacle})`);
  }
  return possible;
}

async function obstacleTo(
  kind: LiveFaultKind,
  { name, takesInjections }: System,
  usesNamespaces: boolean,
): Promise<string | null> {
  if (kind === 'full-disk') return obstacleToDisks();
  if (kind === 'reset-connections' && usesNamespaces) return 'only the proxies can break connections';
  if (takesInjections) return null;
  if (kind === 'slow-disk') return `writes of ${name} cannot be held up from within`;
  if (kind === 'wall-clock' || kind === 'drift')
    return `${name} asks the kernel for the time: what is loaded into a process does not reach it, and the clock of the machine is not ours`;
  return null;
}

async function obstacleToDisks(): Promise<string | null> {
  const folder = await mkdtemp(join(tmpdir(), 'quorate-torture-disk-'));
  try {
    const disk = await openDisk(folder, probeSizeMib);
    if (typeof disk === 'string') return disk;
    await disk.close();
    return null;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

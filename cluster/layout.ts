/**
 * What a data folder says about its cluster, so that a restart is the same cluster: `cluster.json`,
 *
 *     { "format": 1, "token": "quorate-5f1c09a2", "isFormed": true, "tls": false,
 *       "members": [{ "name": "n1", "ports": { "client": 2379, "peer": 2380 } }, …] }
 *
 * beside a folder `n1`, … for each member's data and a file `n1.log`, … for what it prints.
 */
import { randomBytes } from 'node:crypto';
import { access, constants, mkdir, open, readdir, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';

import { ClusterError, systemCodeOf } from './errors.js';
import { planPorts } from './ports.js';
import type { MemberPorts } from './ports.js';
import type { PortPlan } from './types.js';

export interface Layout {
  readonly format: 1;
  readonly token: string;
  /** All members have served at least once: from then on none may come back without its data. */
  readonly isFormed: boolean;
  /** With TLS; its certificates are in the folder `tls`. */
  readonly tls: boolean;
  readonly members: readonly MemberLayout[];
}

export interface MemberLayout {
  readonly name: string;
  readonly ports: MemberPorts;
}

export interface LayoutWishes {
  readonly size?: number | undefined;
  readonly ports?: PortPlan | undefined;
  readonly token?: string | undefined;
  readonly tls?: boolean | undefined;
}

const fileName = 'cluster.json';
const defaultSize = 3;
const sizeMax = 31;

/**
 * The layout of `folder`: the one it holds, which must meet the wishes, or a new one, which is written.
 * Throws `folder-mismatch` when it does not, `folder-unusable` when the folder cannot be read and written.
 */
export async function openLayout(
  folder: string,
  wishes: LayoutWishes,
): Promise<{ readonly layout: Layout; readonly isNew: boolean }> {
  try {
    await mkdir(folder, { recursive: true });
    await access(folder, constants.R_OK | constants.W_OK | constants.X_OK);
    const known = await readLayout(folder);
    // A layout whose cluster never came to be binds nobody: its ports may have been taken.
    if (known !== null && (known.isFormed || (await hasData(folder, known)))) {
      await checkWishes(folder, known, wishes);
      await checkNothingIsLost(folder, known);
      return { layout: known, isNew: false };
    }
    const layout = await newLayout(wishes);
    if (known === null) await checkNothingIsThere(folder, layout);
    await writeLayout(folder, layout);
    return { layout, isNew: true };
  } catch (error) {
    throw folderError(folder, error);
  }
}

/** Remembers that the cluster has come to life. */
export async function markFormed(folder: string, layout: Layout): Promise<void> {
  if (layout.isFormed) return;
  try {
    await writeLayout(folder, { ...layout, isFormed: true });
  } catch (error) {
    throw folderError(folder, error);
  }
}

/** What the system refused, as what a person must mend; other errors as they are. */
export function folderError(folder: string, error: unknown): unknown {
  if (!(error instanceof Error) || systemCodeOf(error) === undefined) return error;
  return new ClusterError(
    'folder-unusable',
    `the data folder ${folder} cannot be used (${error.message}): make it writable, or choose another ` +
      '(--data-dir; dataFolder in a program)',
    { cause: error },
  );
}

async function newLayout(wishes: LayoutWishes): Promise<Layout> {
  const size = wishes.size ?? defaultSize;
  if (!Number.isInteger(size) || size < 1 || size > sizeMax) {
    throw new ClusterError('invalid-options', `a cluster has 1 to ${sizeMax} members, not ${size}`);
  }
  const ports = await planPorts(wishes.ports ?? 'usual', size);
  return {
    format: 1,
    token: wishes.token ?? `quorate-${randomBytes(4).toString('hex')}`,
    isFormed: false,
    tls: wishes.tls ?? false,
    members: ports.map((pair, index) => ({ name: `n${index + 1}`, ports: pair })),
  };
}

async function checkWishes(folder: string, layout: Layout, wishes: LayoutWishes): Promise<void> {
  const size = layout.members.length;
  if (wishes.size !== undefined && wishes.size !== size) {
    throw new ClusterError(
      'folder-mismatch',
      `${folder} holds a cluster of ${size}, and ${wishes.size} were asked for. Its members have recorded one another ` +
        `in their logs, so a restart cannot change their number. Leave --nodes away to start the ${size} again, ` +
        `choose another --data-dir for a new cluster of ${wishes.size}, or delete ${folder} and all that it holds.`,
    );
  }
  if (wishes.ports !== undefined && wishes.ports !== 'free') {
    const wanted = await planPorts(wishes.ports, size);
    const differs = layout.members.find(({ ports }, index) => ports.client !== wanted[index]?.client);
    if (differs !== undefined) {
      throw new ClusterError(
        'folder-mismatch',
        `${folder} holds a cluster whose member ${differs.name} is on port ${differs.ports.client}, and other ports ` +
          'were asked for. Its members have recorded them in their logs. Leave --base-port away to start it where ' +
          'it was, or choose another --data-dir for a new cluster.',
      );
    }
  }
  if (wishes.tls !== undefined && wishes.tls !== layout.tls) {
    throw new ClusterError(
      'folder-mismatch',
      `${folder} holds a cluster ${layout.tls ? 'with' : 'without'} TLS. Its members have recorded their addresses in ` +
        `their logs, so a restart cannot change that. ${layout.tls ? 'Start it with' : 'Leave'} --tls` +
        `${layout.tls ? '' : ' away'}, or choose another --data-dir for a new cluster.`,
    );
  }
  if (wishes.token !== undefined && wishes.token !== layout.token) {
    throw new ClusterError(
      'folder-mismatch',
      `${folder} holds the cluster ${layout.token}, not ${wishes.token}: choose another --data-dir`,
    );
  }
}

/** A member that forgot what it voted for and acknowledged must not come back under the same name. */
async function checkNothingIsLost(folder: string, layout: Layout): Promise<void> {
  if (!layout.isFormed) return;
  for (const { name } of layout.members) {
    if (!(await isEmpty(join(folder, name)))) continue;
    throw new ClusterError(
      'folder-mismatch',
      `the data of member ${name} is gone from ${folder}. It must not start empty, for it would forget votes and writes ` +
        `that it has acknowledged. Put ${join(folder, name)} back, or choose another --data-dir for a new cluster.`,
    );
  }
}

async function checkNothingIsThere(folder: string, layout: Layout): Promise<void> {
  for (const { name } of layout.members) {
    if (await isEmpty(join(folder, name))) continue;
    throw new ClusterError(
      'folder-mismatch',
      `${folder} has no ${fileName} that says which cluster it holds, but a folder ${name} with files in it. ` +
        'Put that file back, or choose another --data-dir for a new cluster.',
    );
  }
}

async function hasData(folder: string, layout: Layout): Promise<boolean> {
  for (const { name } of layout.members) {
    if (!(await isEmpty(join(folder, name)))) return true;
  }
  return false;
}

async function isEmpty(folder: string): Promise<boolean> {
  try {
    return (await readdir(folder)).length === 0;
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return true;
    throw error;
  }
}

async function readLayout(folder: string): Promise<Layout | null> {
  const path = join(folder, fileName);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return null;
    throw error;
  }
  const layout = parseLayout(text);
  if (layout === null) {
    throw new ClusterError(
      'folder-mismatch',
      `${path} is not a cluster's layout that this version can read: ${text.slice(0, 80)}`,
    );
  }
  return layout;
}

function parseLayout(text: string): Layout | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  // Layouts from before there was TLS do not speak of it.
  const whole: unknown = isRecord(value) ? { tls: false, ...value } : value;
  return isLayout(whole) ? whole : null;
}

function isLayout(value: unknown): value is Layout {
  if (!isRecord(value) || value['format'] !== 1 || typeof value['token'] !== 'string') return false;
  const members = value['members'];
  if (typeof value['tls'] !== 'boolean') return false;
  if (typeof value['isFormed'] !== 'boolean' || !Array.isArray(members) || members.length === 0) return false;
  return members.every(isMemberLayout);
}

function isMemberLayout(value: unknown): value is MemberLayout {
  if (!isRecord(value) || !isRecord(value['ports'])) return false;
  const { client, peer } = { client: value['ports']['client'], peer: value['ports']['peer'] };
  // The name becomes a path: nothing but what newLayout gives.
  return typeof value['name'] === 'string' && /^n\d+$/.test(value['name']) && isPort(client) && isPort(peer);
}

function isPort(value: unknown): boolean {
  return typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= 65_535;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

/** In one step: a crash leaves the old file or the new one. */
async function writeLayout(folder: string, layout: Layout): Promise<void> {
  const path = join(folder, fileName);
  const file = await open(`${path}.new`, 'w');
  try {
    await file.writeFile(`${JSON.stringify(layout, null, 2)}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(`${path}.new`, path);
}

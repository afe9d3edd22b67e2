import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Real input: keys and values to replicate, all in memory so that they can be compared afterwards. */
export interface Records {
  readonly source: string;
  readonly values: ReadonlyMap<string, Buffer>;
  /** What was left out or overwritten, in words; empty when nothing was. */
  readonly remarks: readonly string[];
}

/** A member takes requests of up to 1.5 MiB: key and value with some room. */
const valueBytesMax = 1_500_000;

/**
 * Up to `countMax` records of this machine's package index, or of node_modules where there is no `apt-cache`.
 *
 * A name that comes several times (other versions, other architectures) is one key: the last record wins.
 */
export async function loadRecords(countMax: number): Promise<Records> {
  const index = await runAptCache();
  const records = index === null ? await readNodeModules(countMax) : splitPackages(index, countMax);
  if (records.values.size === 0) throw new Error(`no records in ${records.source}`);
  return records;
}

/** Null where there is no such program, or no index. */
async function runAptCache(): Promise<Buffer | null> {
  const child = spawn('apt-cache', ['dumpavail'], { stdio: ['ignore', 'pipe', 'ignore'] });
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  const code = await new Promise<number | null>((resolve) => {
    child.on('error', () => resolve(null));
    child.on('close', resolve);
  });
  const index = Buffer.concat(chunks);
  return code === 0 && index.length > 0 ? index : null;
}

/** Records are paragraphs: `Package: NAME`, further lines, an empty line. */
export function splitPackages(index: Buffer, countMax: number): Records {
  const values = new Map<string, Buffer>();
  let sameNameCount = 0;
  for (let start = 0; start < index.length && values.size < countMax;) {
    const gap = index.indexOf('\n\n', start);
    const end = gap < 0 ? index.length : gap + 1;
    const value = index.subarray(start, end);
    start = end + 1;
    const name = /^Package: (.+)$/m.exec(value.toString('latin1', 0, 512))?.[1];
    if (name === undefined) continue;
    if (values.has(name)) sameNameCount++;
    values.set(name, value);
  }
  const remarks =
    sameNameCount === 0 ? [] : [`${sameNameCount} records had a name seen before: the last one counts`];
  return { source: 'apt-cache dumpavail', values, remarks };
}

async function readNodeModules(countMax: number): Promise<Records> {
  const folder = findNodeModules();
  const values = new Map<string, Buffer>();
  let tooLargeCount = 0;
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (values.size >= countMax) break;
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    if ((await stat(path)).size > valueBytesMax) tooLargeCount++;
    else values.set(relative(folder, path), await readFile(path));
  }
  const remarks = tooLargeCount === 0 ? [] : [`${tooLargeCount} files were too large for one value`];
  return { source: folder, values, remarks };
}

function findNodeModules(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'node_modules'))) {
    if (dirname(folder) === folder) throw new Error('there is neither apt-cache nor a folder node_modules');
    folder = dirname(folder);
  }
  return join(folder, 'node_modules');
}

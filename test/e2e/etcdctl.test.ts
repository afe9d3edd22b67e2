import { spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createCluster } from '../../cluster/index.js';
import type { Cluster } from '../../cluster/index.js';
import { at } from '../../src/base/index.js';
import { etcdserverpb } from '../../src/gen/protos.js';
import { etcdctl, tableOf, whyNoEtcdctl, withoutIds } from './etcdctl.js';
import type { Printed } from './etcdctl.js';

/**
 * Debian's etcdctl, unchanged, against each of three members, whichever leads: it prints what it prints for the real etcd.
 * The same script runs against both systems at once, so that their revisions stay the same.
 */
const noEtcd = spawnSync('etcd', ['--version']).error === undefined ? null : 'etcd is not installed';
const reason = whyNoEtcdctl() ?? noEtcd;
if (reason !== null) console.warn(`SKIPPED: etcdctl against real clusters: ${reason}`);

const folders: string[] = [];
let quorate: Cluster;
let etcd: Cluster;

async function start(program?: readonly string[]): Promise<Cluster> {
  const dataFolder = await mkdtemp(join(tmpdir(), 'quorate-etcdctl-'));
  folders.push(dataFolder);
  const cluster = await createCluster({
    dataFolder,
    size: 3,
    ports: 'free',
    token: 'etcdctl',
    ...(program === undefined ? {} : { program }),
  });
  await cluster.start();
  return cluster;
}

type Both = Readonly<Record<'ours' | 'theirs', Printed>>;

/** One command on both systems, through the same member of each. */
async function both(memberIndex: number, args: readonly string[], input?: string): Promise<Both> {
  const [ours, theirs] = await Promise.all([
    etcdctl(at(quorate.endpoints, memberIndex), args, input),
    etcdctl(at(etcd.endpoints, memberIndex), args, input),
  ]);
  return { ours, theirs };
}

/** A command, and what it reads from its standard input. */
interface Step {
  readonly args: readonly string[];
  readonly input?: string;
}

function step(command: string, input?: string): Step {
  const args = command.split(' ').filter((word) => word !== '');
  return input === undefined ? { args } : { args, input };
}

const outputs = ['simple', 'json', 'fields', 'table'];

/** Writes and reads under `prefix`; `revision` is the store's before. */
function keyValueScript(prefix: string, revision: number): readonly Step[] {
  const fruits = ['banana', 'apple', 'cherry', 'date'].map((name) => `${prefix}${name}`);
  const all = prefix;
  return [
    ...fruits.map((key, index) => step(`put ${key} value-${9 - index}`)),
    step(`put ${prefix}apple changed`),
    step(`put ${prefix}piped`, 'from\nstandard input\0'),
    ...outputs.map((output) => step(`put ${prefix}apple again --prev-kv -w ${output}`)),
    step(`put ${prefix}apple --ignore-value --prev-kv`),
    step(`put ${prefix}none --ignore-value`),
    step(`put ${prefix}apple kept --ignore-lease`),
    step(`put ${prefix}apple leased --lease=1234`),
    ...outputs.map((output) => step(`get ${prefix}apple -w ${output}`)),
    step(`get ${prefix}none`),
    step(`get ${prefix}none -w json`),
    step(`get ${all} --prefix`),
    step(`get ${all} --prefix -w json`),
    step(`get ${all} --prefix --hex`),
    step(`get ${prefix}b ${prefix}d`),
    step(`get ${prefix}c --from-key --limit=2`),
    step(`get ${all} --prefix --limit=2 -w json`),
    ...['ASCEND', 'DESCEND', 'SIDEWAYS'].map((order) => step(`get ${all} --prefix --order=${order}`)),
    ...['CREATE', 'KEY', 'MODIFY', 'VALUE', 'VERSION'].flatMap((target) => [
      step(`get ${all} --prefix --sort-by=${target} --print-value-only`),
      step(`get ${all} --prefix --sort-by=${target} --order=DESCEND --limit=3`),
    ]),
    step(`get ${all} --prefix --sort-by=NOTHING`),
    step(`get ${all} --prefix --keys-only`),
    step(`get ${all} --prefix --keys-only -w json`),
    step(`get ${all} --prefix --count-only`),
    step(`get ${all} --prefix --count-only -w fields`),
    step(`get ${all} --prefix --print-value-only`),
    step(`get ${all} --prefix --consistency=l`),
    step(`get ${all} --prefix --consistency=s`),
    step(`get ${all} --prefix --consistency=x`),
    step(`get ${all} --prefix --from-key`),
    step(`get ${all} --prefix --rev=${revision + 2} -w json`),
    step(`get ${all} --prefix --rev=${revision + 5}`),
    step(`get ${all} --rev=1000000`),
    step(`get`),
    step(
      `txn -i`,
      `value("${prefix}apple") = "kept"\n\nput ${prefix}t 1\nget ${prefix}t\n\ndel ${prefix}t\n\n`,
    ),
    step(
      `txn -i -w json`,
      `mod("${prefix}apple") > "0"\nver("${prefix}none") = "0"\n\nget ${all} --prefix --limit=1\n\n\n`,
    ),
    step(
      `txn`,
      `create("${prefix}none") != "0"\n\nput ${prefix}t yes\n\nput ${prefix}t no\ndel ${prefix}apple\n\n`,
    ),
    step(
      `txn -w fields`,
      `ver("${prefix}t") = "1"\n\nput ${prefix}u 1\nget ${prefix}u\ndel ${prefix}u\n\n\n`,
    ),
    step(`txn -w fields`, `ver("${prefix}t") < "9"\n\nput ${prefix}v 1\ndel ${prefix}t --prev-kv\n\n\n`),
    step(`txn`, `\nput ${prefix}same 1\nput ${prefix}same 2\n\n\n`),
    step(`txn`, `nonsense\n\n\n\n`),
    step(`txn`, `\nput ${prefix}lease 1 --lease=77\n\n\n`),
    step(`txn`, `\n${Array.from({ length: 129 }, (_, i) => `put ${prefix}many-${i} x`).join('\n')}\n\n\n`),
    step(`del ${prefix}none`),
    step(`del ${prefix}banana --prev-kv`),
    step(`del ${prefix}c ${prefix}d --prev-kv -w json`),
    step(`put ${prefix}again 1`),
    step(`del ${prefix}d --prefix -w fields`),
    step(`del ${all} --prefix --prev-kv -w json`),
    step(`get ${all} --prefix --count-only -w json`),
  ];
}

async function currentRevision(): Promise<number> {
  const { stdout } = await etcdctl(at(quorate.endpoints, 0), ['get', 'any', '-w', 'json']);
  const { header } = JSON.parse(stdout) as { readonly header: { readonly revision: number } };
  return header.revision;
}

describe.skipIf(reason !== null)('etcdctl 3.4 against three members', () => {
  beforeAll(async () => {
    [quorate, etcd] = await Promise.all([start(), start(['etcd'])]);
  });

  afterAll(async () => {
    await Promise.all([quorate, etcd].map(async (cluster) => cluster.kill()));
    await Promise.all(folders.map(async (folder) => rm(folder, { recursive: true, force: true })));
  });

  for (const memberIndex of [0, 1, 2]) {
    const name = `n${memberIndex + 1}`;

    it(`puts, gets, deletes and runs transactions through ${name}`, async () => {
      const script = keyValueScript(`${name}/`, await currentRevision());
      for (const { args, input } of script) {
        const { ours, theirs } = await both(memberIndex, args, input);
        expect(withoutIds(ours), `etcdctl ${args.join(' ')}`).toEqual(withoutIds(theirs));
      }
    });

    it(`gets protobuf through ${name}`, async () => {
      await both(memberIndex, ['put', `${name}/p`, 'v']);
      const { ours, theirs } = await both(memberIndex, ['get', `${name}/p`, '-w', 'protobuf']);
      const [our, their] = [ours, theirs].map(({ stdout }) => {
        const { header, ...rest } = etcdserverpb.RangeResponse.decode(Buffer.from(stdout, 'latin1'));
        return { ...rest, revision: header?.revision };
      });
      expect(our).toEqual(their);
    });

    it(`compacts through ${name}`, async () => {
      const revision = await currentRevision();
      const commands = [
        ['compaction', `${revision - 2}`],
        ['compaction', `${revision - 2}`],
        ['compaction', `${revision - 1}`, '--physical'],
        ['compaction', `${revision + 1000}`],
        ['compaction', '-1'],
        ['compaction', 'x'],
        ['get', 'any', `--rev=${revision - 2}`],
        ['get', 'any', `--rev=${revision - 1}`, '-w', 'json'],
        ['endpoint', 'hashkv', `--rev=${revision - 2}`],
      ];
      for (const args of commands) {
        const { ours, theirs } = await both(memberIndex, args);
        const masked = [ours, theirs].map((printed) => withoutUrls(withoutIds(printed)));
        expect(masked[0], `etcdctl ${args.join(' ')}`).toEqual(masked[1]);
      }
    });
  }

  it('shows who leads, and the same history on every member', async () => {
    const tables = await both(1, ['endpoint', 'status', '--cluster', '-w', 'table']);
    for (const { stdout } of [tables.ours, tables.theirs]) {
      const [head, ...rows] = tableOf(stdout);
      expect(head).toEqual([
        'ENDPOINT',
        'ID',
        'VERSION',
        'DB SIZE',
        'IS LEADER',
        'IS LEARNER',
        'RAFT TERM',
        'RAFT INDEX',
        'RAFT APPLIED INDEX',
        'ERRORS',
      ]);
      expect(rows.map((row) => at(row, 2))).toEqual(['3.4.23', '3.4.23', '3.4.23']);
      expect(rows.map((row) => at(row, 4)).sort()).toEqual(['false', 'false', 'true']);
      expect(rows.map((row) => at(row, 5))).toEqual(['false', 'false', 'false']);
      expect(rows.map((row) => at(row, 9))).toEqual(['', '', '']);
    }
    const json = await both(2, ['endpoint', 'status', '--cluster', '-w', 'json']);
    for (const { stdout } of [json.ours, json.theirs]) {
      expect(keysOf(JSON.parse(stdout))).toEqual(keysOf(JSON.parse(json.theirs.stdout)));
    }
  });

  it('hashes the same on every member, and as etcd does', async () => {
    // A read through each member, so that it has applied all that was written before.
    for (const memberIndex of [0, 1, 2]) await both(memberIndex, ['get', 'any']);
    const { ours, theirs } = await both(0, ['endpoint', 'hashkv', '--cluster', '-w', 'table']);
    const hashes = [ours, theirs].map(({ stdout }) => tableOf(stdout).map((row) => at(row, 1)));
    expect(hashes[0]).toEqual(hashes[1]);
    expect(new Set(hashes[0]?.slice(1))).toHaveProperty('size', 1);
  });

  it('calls every member healthy', async () => {
    const { ours, theirs } = await both(0, ['endpoint', 'health', '--cluster']);
    const lines = [ours, theirs].map((printed) =>
      `${printed.stdout}${printed.stderr}`
        .trim()
        .split('\n')
        .map((line) => line.replace(/^\S+/, 'URL').replace(/took = \S+$/, 'took')),
    );
    expect(lines[0]).toEqual(lines[1]);
    expect(lines[0]).toHaveLength(3);
    expect([ours.exitCode, theirs.exitCode]).toEqual([0, 0]);
  });

  it('lists the members', async () => {
    const tables = await both(1, ['member', 'list', '-w', 'table']);
    const [our, their] = [tables.ours, tables.theirs].map(({ stdout }) =>
      tableOf(stdout)
        .map(([, status, name, , , learner]) => `${status} ${name} ${learner}`)
        .sort(),
    );
    expect(our).toEqual(their);
    expect(our).toHaveLength(4);
    const simple = await both(2, ['member', 'list']);
    expect(withoutUrls(simple.ours).stdout.split('\n').length).toBe(simple.theirs.stdout.split('\n').length);
    const json = await both(2, ['member', 'list', '-w', 'json']);
    expect(keysOf(JSON.parse(json.ours.stdout))).toEqual(keysOf(JSON.parse(json.theirs.stdout)));
    const urls = (stdout: string): unknown =>
      (JSON.parse(stdout) as { members: readonly { clientURLs: readonly string[] }[] }).members.flatMap(
        ({ clientURLs }) => clientURLs.map((url) => url.replace('http://', '')),
      );
    expect(new Set(urls(json.ours.stdout) as string[])).toEqual(new Set(quorate.endpoints));
  });
});

function withoutUrls({ exitCode, stdout, stderr }: Printed): Printed {
  const mask = (output: string): string => output.replaceAll(/(http:\/\/)?127\.0\.0\.1:\d+/g, 'URL');
  return { exitCode, stdout: mask(stdout), stderr: mask(stderr) };
}

/** The names in a JSON value, without its values. */
function keysOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(keysOf);
  if (typeof value !== 'object' || value === null) return typeof value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, keysOf(inner)]));
}

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, credentials, status } from '@grpc/grpc-js';
import { expect, it } from 'vitest';
import { seededRandom } from '../../src/base/index.js';
import { etcdserverpb } from '../../src/gen/protos.js';
import type { Command } from '../../src/mvcc/index.js';
import { createHarness } from './harness.js';
import { compact, grant, put, remove, revoke, txn } from './requests.js';

const isInstalled = spawnSync('etcd', ['--version']).status === 0;

/** Skipped where there is no etcd to compare with (Debian: etcd-server). */
it.skipIf(!isInstalled)(
  'hashes as the real etcd does, at every revision and after every compaction',
  async () => {
    const etcd = await startEtcd();
    const ours = await createHarness();
    const random = seededRandom(20_26);
    const pick = (count: number): string => `key${random.below(count)}`;
    try {
      for (let round = 0; round < 6; round++) {
        const lease = round % 2 === 0 ? BigInt(round + 1) : -BigInt(round);
        await both(grant(lease, 3_600));
        for (let step = 0; step < 25; step++) {
          const command = [
            () => put(pick(8), 'x'.repeat(random.below(40))),
            () => put(pick(8), 'ÿ\0'),
            () => remove(pick(8)),
            () =>
              txn(
                [],
                [put(pick(8), 'in'), remove('m', { rangeEnd: 'n' }), put(`n${random.below(9)}`, 'side')],
              ),
            () => txn([], [remove('n', { rangeEnd: 'o' }), put(`m${random.below(9)}`, 'other side')]),
            () => remove(pick(8), { rangeEnd: 'l' }),
            () => put(pick(8), 'leased', { lease }),
            () => txn([], [put(pick(8), 'leased', { lease }), put('z', 'leased', { lease })]),
          ][random.below(8)]?.();
          if (command === undefined) throw new Error('one of eight');
          ours.apply(command);
          await etcd.apply(command);
        }
        await both(revoke(lease));
        // Every key gone, a tombstone at the compacted revision, or nothing in particular.
        if (round % 3 === 1) await both(remove('a', { rangeEnd: 'z' }));
        const { revision, compactRevision } = ours.machine;
        for (let asked = Math.max(1, compactRevision); asked <= revision; asked++) {
          expect(await ourHash(asked), `hash at ${asked}`).toEqual(await etcd.hash(asked));
        }
        const compacted = round % 3 === 2 ? Math.max(compactRevision + 1, revision - 5) : revision;
        ours.done(compact(compacted));
        await etcd.apply(compact(compacted));
        // Before, while and after our records are removed.
        expect(await ourHash(0)).toEqual(await etcd.hash(0));
        await ours.machine.flush();
        await ours.machine.compacted(compacted);
        expect(await ourHash(0)).toEqual(await etcd.hash(0));
      }
    } finally {
      await ours.close();
      await etcd.stop();
    }

    async function both(command: Asked): Promise<void> {
      ours.apply(command);
      await etcd.apply(command);
    }

    async function ourHash(revision: number): Promise<unknown> {
      const outcome = await ours.machine.hashKv(revision);
      if (!outcome.ok) return outcome.error;
      return {
        hash: outcome.value.hash,
        revision: outcome.value.revision,
        compact: outcome.value.compactRevision,
      };
    }
  },
);

interface Etcd {
  apply(command: Asked): Promise<void>;
  hash(revision: number): Promise<unknown>;
  stop(): Promise<void>;
}

async function startEtcd(): Promise<Etcd> {
  const folder = await mkdtemp(join(tmpdir(), 'etcd-hash-'));
  const [client, peer] = [await freePort(), await freePort()];
  const url = `http://127.0.0.1:${client}`;
  const peerUrl = `http://127.0.0.1:${peer}`;
  const flags = {
    'data-dir': folder,
    'listen-client-urls': url,
    'advertise-client-urls': url,
    'listen-peer-urls': peerUrl,
    'initial-advertise-peer-urls': peerUrl,
    'initial-cluster': `default=${peerUrl}`,
  };
  const child = spawn(
    'etcd',
    Object.entries(flags).map(([name, value]) => `--${name}=${value}`),
    { stdio: 'ignore' },
  );

  async function post(path: string, body: unknown): Promise<Record<string, unknown>> {
    const response = await fetch(`${url}/v3/${path}`, { method: 'POST', body: JSON.stringify(body) });
    return (await response.json()) as Record<string, unknown>;
  }

  for (;;) {
    const isUp = await fetch(`${url}/health`).then(
      (response) => response.ok,
      () => false,
    );
    if (isUp) break;
    if (child.exitCode !== null) throw new Error('etcd ended at once');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }

  const grpcClient = new Client(`127.0.0.1:${client}`, credentials.createInsecure());
  return {
    async apply(command) {
      const { path, body } = requestOf(command);
      const answer = await post(path, body);
      if ('error' in answer) throw new Error(`etcd: ${String(answer['error'])}`);
    },
    hash: async (revision) => hashOver(grpcClient, revision),
    async stop() {
      grpcClient.close();
      child.kill('SIGKILL');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
      await rm(folder, { recursive: true });
    },
  };
}

async function hashOver(client: Client, revision: number): Promise<unknown> {
  const { HashKVRequest, HashKVResponse } = etcdserverpb;
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(
      '/etcdserverpb.Maintenance/HashKV',
      (request: { readonly revision: number }) => Buffer.from(HashKVRequest.encode(request).finish()),
      (bytes: Buffer) => HashKVResponse.decode(bytes),
      { revision },
      (error, answer) => {
        if (error?.code === status.OUT_OF_RANGE && error.details.includes('compacted')) resolve('compacted');
        else if (error !== null || answer === undefined) reject(error ?? new Error('an answer'));
        else {
          const { hash, header, compactRevision } = answer;
          resolve({ hash, revision: Number(header?.revision), compact: Number(compactRevision) });
        }
      },
    );
  });
}

type Asked = Extract<
  Command,
  { readonly type: 'put' | 'delete-range' | 'txn' | 'compact' | 'lease-grant' | 'lease-revoke' }
>;

function requestOf(command: Asked): { readonly path: string; readonly body: Record<string, unknown> } {
  const base64 = (key: string): string => Buffer.from(key, 'latin1').toString('base64');
  switch (command.type) {
    case 'put': {
      const value = Buffer.from(command.value).toString('base64');
      return { path: 'kv/put', body: { key: base64(command.key), value, lease: String(command.lease) } };
    }
    case 'delete-range': {
      const end = command.rangeEnd === null ? {} : { range_end: base64(command.rangeEnd) };
      return { path: 'kv/deleterange', body: { key: base64(command.key), ...end } };
    }
    case 'txn': {
      const success = command.success.map((operation) => {
        if (operation.type !== 'put' && operation.type !== 'delete-range')
          throw new Error('only writes here');
        const name = operation.type === 'put' ? 'request_put' : 'request_delete_range';
        return { [name]: requestOf(operation).body };
      });
      return { path: 'kv/txn', body: { success } };
    }
    case 'compact':
      return { path: 'kv/compaction', body: { revision: command.revision, physical: true } };
    case 'lease-grant':
      return { path: 'lease/grant', body: { ID: String(command.id), TTL: String(command.ttlSeconds) } };
    case 'lease-revoke':
      return { path: 'lease/revoke', body: { ID: String(command.id) } };
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

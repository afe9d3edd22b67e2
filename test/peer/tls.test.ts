import { connect } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';

import { createAuthority } from '../../cluster/tls/authority.js';
import type { Authority, CertificateWishes } from '../../cluster/tls/authority.js';
import { silentLogger } from '../../src/base/index.js';
import { createPeerNetwork, fetchMembers } from '../../src/peer/index.js';
import { seededRandom } from '../../src/base/index.js';
import { openTls } from '../../src/tls/index.js';
import type { Tls, TlsSettings } from '../../src/tls/index.js';
import { createFolder, issueLocal, settingsFor } from '../tls/certificates.js';
import type { CertificateFolder } from '../tls/certificates.js';
import type { TestMember } from './support.js';
import { acquaint, closeAll, clusterId, freeUrl, heartbeat, reach, startMember, until } from './support.js';

// Real sockets on a machine that may be busy: only what never comes fails.
vi.setConfig({ testTimeout: 30_000 });

const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  await closeAll();
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

interface Secured {
  readonly tls: Tls;
  readonly folder: CertificateFolder;
}

/** Certificates of a member: what `trusted` has signed is taken. */
async function certify(
  authority: Authority,
  wishes: Partial<CertificateWishes> = {},
  settings: Partial<TlsSettings> = {},
  trusted: Authority = authority,
): Promise<Secured> {
  const folder = await createFolder();
  cleanups.push(() => folder[Symbol.asyncDispose]());
  await folder.write('ca.crt', trusted.certificate);
  await folder.writePair(issueLocal(authority, wishes));
  const tls = await openTls(settingsFor(folder, settings), silentLogger);
  cleanups.push(() => tls.close());
  return { tls, folder };
}

async function freeSecureUrl(): Promise<string> {
  return (await freeUrl()).replace('http:', 'https:');
}

async function startSecured(letter: string, { tls }: Secured): Promise<TestMember> {
  return startMember(letter, { url: await freeSecureUrl(), tls, backoff: { minMs: 10, maxMs: 50 } });
}

function introduce(a: TestMember, b: TestMember): void {
  for (const member of [a, b]) member.network.setPeers([a, b].map(({ id, url }) => ({ id, urls: [url] })));
}

function reasons(member: TestMember, message: string): string {
  return member.log
    .filter((line) => line.message === message)
    .map(({ fields }) => String(fields['reason']))
    .join('\n');
}

describe('members that trust one another', () => {
  it('exchange messages, snapshots and calls', async () => {
    const authority = createAuthority('cluster');
    const a = await startSecured('a', await certify(authority));
    const b = await startSecured('b', await certify(authority));
    await acquaint(a, b);
    a.network.send([heartbeat(a, b, 7)]);
    await until('the message', () => b.messages().length === 1);
    const configuration = { voters: [a.id], outgoing: [], learners: [], learnersNext: [] };
    const entry = [Buffer.from('k'), Buffer.from('v')] as const;
    const entries = (async function* () {
      yield await Promise.resolve(entry);
    })();
    await a.network.sendSnapshot(b.id, 1, { term: 1, index: 5, configuration }, entries);
    expect(b.sinks.map(({ outcome }) => outcome)).toEqual(['finished']);
    expect(Buffer.from(await a.network.call(b.id, Buffer.from('hello'), 5_000)).toString()).toBe('hello');
  });

  it('tell a newcomer who they are, and nobody else', async () => {
    const authority = createAuthority('cluster');
    const a = await startSecured('a', await certify(authority));
    const newcomer = await certify(authority);
    const stranger = await certify(createAuthority('cluster'), {}, {}, authority);
    expect(await fetchMembers([a.url], 5_000, newcomer.tls)).toEqual({ clusterId, members: [] });
    await expect(fetchMembers([a.url], 1_000, stranger.tls)).rejects.toMatchObject({ code: 'unavailable' });
    await expect(fetchMembers([a.url], 1_000)).rejects.toMatchObject({ code: 'unavailable' });
    const plain = a.url.replace('https:', 'http:');
    await expect(fetchMembers([plain], 1_000)).rejects.toMatchObject({ code: 'unavailable' });
  });
});

describe('a member is refused', () => {
  it('with a certificate of another authority, until it has the right one', async () => {
    const authority = createAuthority('cluster');
    const a = await startSecured('a', await certify(authority));
    const secured = await certify(createAuthority('cluster'), {}, {}, authority);
    const b = await startSecured('b', secured);
    introduce(a, b);
    await until('the refusal by both', () =>
      [a, b].every((member) => reasons(member, 'no stream to peer') !== ''),
    );
    expect([...a.messages(), ...b.messages()]).toEqual([]);
    await secured.folder.writePair(issueLocal(authority));
    await secured.tls.refresh();
    await reach(a, b);
    await reach(b, a);
  });

  it('by the callee when its common name is not allowed', async () => {
    const authority = createAuthority('cluster');
    const lines: string[] = [];
    const allowed = { commonNames: ['member'], hostnames: [] };
    const strict = await certify(authority, {}, { allowed });
    const logger = {
      ...silentLogger,
      warn: (_: string, fields = {}) => void lines.push(JSON.stringify(fields)),
    };
    const tls = await openTls(strict.tls.settings, logger);
    cleanups.push(() => tls.close());
    const a = await startSecured('a', { ...strict, tls });
    const b = await startSecured('b', await certify(authority, { commonName: 'client' }));
    introduce(a, b);
    await until('the refusal', () => lines.join().includes('common name client, '));
    expect(a.messages()).toEqual([]);
    expect(lines.join()).toContain('is not for member');
  });

  it('by the caller when its names are not allowed, or not those of its address', async () => {
    const authority = createAuthority('cluster');
    const allowed = { commonNames: [], hostnames: ['members.example'] };
    const strict = await certify(authority, { hostnames: ['members.example'] }, { allowed });
    const a = await startSecured('a', strict);
    const b = await startSecured('b', await certify(authority));
    introduce(a, b);
    await until('the refusal', () => reasons(a, 'no stream to peer').includes('is not for members.example'));

    const lenient = await startSecured('c', await certify(authority));
    const misplaced = await startSecured('d', await certify(authority, { addresses: ['127.0.0.2'] }));
    introduce(lenient, misplaced);
    await until('the refusal', () =>
      reasons(lenient, 'no stream to peer').includes("IP: 127.0.0.1 is not in the cert's list: 127.0.0.2"),
    );
  });
});

describe('the listener', () => {
  it('takes new certificates for new connections and leaves those that are there', async () => {
    const authority = createAuthority('cluster');
    const [first, second] = [await certify(authority), await certify(authority)];
    const [a, b] = [await startSecured('a', first), await startSecured('b', second)];
    await acquaint(a, b);
    const next = createAuthority('next');
    const newcomer = await certify(next);
    await expect(fetchMembers([a.url], 1_000, newcomer.tls)).rejects.toMatchObject({ code: 'unavailable' });
    await first.folder.write('ca.crt', next.certificate);
    await first.folder.writePair(issueLocal(next));
    await first.tls.refresh();
    expect(await fetchMembers([a.url], 5_000, newcomer.tls)).toMatchObject({ clusterId });
    await reach(a, b);
    await reach(b, a);
    expect([...a.lost, ...b.lost]).toEqual([]);
  });

  it('needs a certificate for https addresses', async () => {
    const network = createPeerNetwork({
      identity: { clusterId, memberId: 'a'.repeat(16) },
      listenUrls: ['https://127.0.0.1:0'],
      logger: silentLogger,
      random: seededRandom(1),
    });
    cleanups.push(() => network.close());
    const never = (): never => {
      throw new Error('never called');
    };
    const started = network.start({
      admits: never,
      onMessages: never,
      onUnreachable: never,
      onConnectionLost: never,
      onRefused: never,
      onSnapshot: never,
      openSnapshot: never,
      onCall: never,
      describeMembers: never,
    });
    await expect(started).rejects.toMatchObject({ code: 'invalid-configuration' });
  });

  it('serves others while handshakes hang, and is not held up by them when it closes', async () => {
    const authority = createAuthority('cluster');
    const a = await startSecured('a', await certify(authority));
    const port = Number(new URL(a.url).port);
    for (let opened = 0; opened < 100; opened++) {
      const socket = connect(port, '127.0.0.1');
      socket.on('error', () => socket.destroy());
      cleanups.push(() => socket.destroy());
      await new Promise((resolve) => socket.once('connect', resolve));
      socket.write(Buffer.of(0x16, 3, 1));
    }
    expect(await fetchMembers([a.url], 5_000, (await certify(authority)).tls)).toMatchObject({ clusterId });
    await a.network.close();
  });
});

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { at } from '../../src/base/index.js';
import { startPair, whyNoEtcd } from './pair.js';
import type { Pair } from './pair.js';

/*
 * The lock and election services, which clients' libraries hardly use (they have the recipe themselves), over the JSON
 * gateway: the same story told to both systems, the answers compared.
 */

const skipped = whyNoEtcd();

type Json = Record<string, unknown>;

function bytes(text: string): string {
  return Buffer.from(text).toString('base64');
}

/** One system, and what was asked of it and answered. */
class Teller {
  readonly log: string[] = [];
  readonly #url: string;

  constructor(url: string) {
    this.#url = url;
  }

  async post(path: string, body: Json, signal?: AbortSignal): Promise<Json> {
    const response = await fetch(`${this.#url}/v3/${path}`, {
      method: 'POST',
      body: JSON.stringify(body),
      ...(signal === undefined ? {} : { signal }),
    });
    return (await response.json()) as Json;
  }

  /** Asks and notes the answer. */
  async tell(path: string, body: Json): Promise<Json> {
    const answer = await this.post(path, body);
    this.note(path, answer);
    return answer;
  }

  note(what: string, answer: unknown): void {
    this.log.push(`${what}: ${JSON.stringify(plain(answer))}`);
  }

  /** Resolves once so many keys are below the prefix: somebody waits in the queue, or has left it. */
  async untilKeys(prefix: string, count: number): Promise<void> {
    const range = { key: bytes(prefix), range_end: bytes(`${prefix}\u007f`), count_only: true };
    await expect
      .poll(async () => Number((await this.post('kv/range', range))['count'] ?? 0), { timeout: 10_000 })
      .toBe(count);
  }
}

/** Without what differs from system to system and from run to run; bytes as text. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  const kept: Json = {};
  for (const [name, content] of Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (['cluster_id', 'member_id', 'raft_term'].includes(name)) continue;
    const isBytes = typeof content === 'string' && ['key', 'value', 'name'].includes(name);
    kept[name] = isBytes ? Buffer.from(content, 'base64').toString() : plain(content);
  }
  return kept;
}

async function tellOfLocks(teller: Teller): Promise<void> {
  for (const ID of [4097, 4098, 4099]) await teller.tell('lease/grant', { ID, TTL: 600 });
  const name = bytes('lock');
  const first = await teller.tell('lock/lock', { name, lease: 4097 });
  teller.note('held already', await teller.post('lock/lock', { name, lease: 4097 }));
  const second = teller.post('lock/lock', { name, lease: 4098 });
  await teller.untilKeys('lock/', 2);
  const leaving = new AbortController();
  const third = teller.post('lock/lock', { name, lease: 4099 }, leaving.signal);
  await teller.untilKeys('lock/', 3);
  leaving.abort();
  await expect(third).rejects.toThrow();
  await teller.untilKeys('lock/', 2);
  await teller.tell('lock/unlock', { key: first['key'] });
  const { key } = await second;
  teller.note('the next', { key });
  await teller.tell('lock/unlock', { key });
  await teller.tell('lock/unlock', { key });
  await teller.tell('lock/lock', { name, lease: 12345 });
  const { key: ownLease } = await teller.post('lock/lock', { name });
  expect(Buffer.from(String(ownLease), 'base64').toString()).toMatch(/^lock\/[0-9a-f]+$/);
}

async function tellOfElections(teller: Teller): Promise<void> {
  for (const ID of [8193, 8194]) await teller.tell('lease/grant', { ID, TTL: 600 });
  const name = bytes('office');
  await teller.tell('election/leader', { name });
  const won = await teller.tell('election/campaign', { name, lease: 8193, value: bytes('ada') });
  const again = await teller.post('election/campaign', { name, lease: 8193, value: bytes('Ada') });
  teller.note('the same candidate with a new value', again['leader']);
  const heir = teller.post('election/campaign', { name, lease: 8194, value: bytes('bob') });
  await teller.untilKeys('office/', 2);
  await teller.tell('election/leader', { name });
  await teller.tell('election/proclaim', { leader: won['leader'], value: bytes('countess') });
  await teller.tell('election/leader', { name });
  await teller.tell('election/resign', { leader: won['leader'] });
  teller.note('the heir', (await heir)['leader']);
  await teller.tell('election/proclaim', { leader: won['leader'], value: bytes('too late') });
  await teller.tell('election/resign', { leader: won['leader'] });
  await teller.tell('election/proclaim', { value: bytes('nobody') });
  await teller.tell('election/resign', {});
  await teller.tell('lease/revoke', { ID: 8194 });
  await teller.tell('election/leader', { name });
  await teller.tell('election/campaign', { name, lease: 12345, value: bytes('nobody') });
}

/** What an observer hears: the leader there is, what it says, and the next one. */
async function tellOfObserving(teller: Teller, url: string): Promise<void> {
  for (const ID of [16385, 16386]) await teller.tell('lease/grant', { ID, TTL: 600 });
  const name = bytes('seat');
  const body = JSON.stringify({ name });
  // The first answer brings the headers: there is none before there is a leader.
  const observed = fetch(`${url}/v3/election/observe`, { method: 'POST', body });
  const { leader } = await teller.post('election/campaign', { name, lease: 16385, value: bytes('one') });
  const lines = linesOf(await observed);
  const heard = async (): Promise<void> => {
    const { result } = JSON.parse(String((await lines.next()).value)) as { result: Json };
    teller.note('heard', result['kv']);
  };
  await heard();
  await teller.post('election/proclaim', { leader, value: bytes('two') });
  await heard();
  const next = teller.post('election/campaign', { name, lease: 16386, value: bytes('three') });
  await teller.untilKeys('seat/', 2);
  await teller.post('election/resign', { leader });
  await next;
  await heard();
  await lines.return(undefined);
}

async function* linesOf(response: Response): AsyncGenerator<string, void> {
  let pending = '';
  const decoder = new TextDecoder();
  for await (const chunk of response.body ?? []) {
    pending += decoder.decode(chunk as Uint8Array, { stream: true });
    const lines = pending.split('\n');
    pending = lines.pop() ?? '';
    for (const line of lines) if (line !== '') yield line;
  }
}

describe.skipIf(skipped !== null)('told the same story, etcd and Quorate say the same', () => {
  let pair: Pair;

  beforeAll(async () => {
    pair = await startPair({ size: 1 });
    for (const cluster of [pair.subject, pair.reference]) await cluster.waitForLeader();
  }, 60_000);

  afterAll(async () => {
    await pair[Symbol.asyncDispose]();
  });

  async function compare(story: (teller: Teller, url: string) => Promise<void>): Promise<void> {
    const [theirs, ours] = await Promise.all(
      [pair.reference, pair.subject].map(async (cluster) => {
        const { clientUrl } = at(cluster.members, 0);
        const teller = new Teller(clientUrl);
        await story(teller, clientUrl);
        return teller.log;
      }),
    );
    // Within these two services etcd's errors have lost their codes.
    const withCode = theirs?.map((line) =>
      line.includes('requested lease not found') ? line.replace('"code":2', '"code":5') : line,
    );
    expect(ours).toEqual(withCode);
    expect(ours?.length).toBeGreaterThan(3);
  }

  test('of locks', () => compare(tellOfLocks), 30_000);
  test('of elections', () => compare(tellOfElections), 30_000);
  test('of those who watch an election', () => compare(tellOfObserving), 30_000);
});

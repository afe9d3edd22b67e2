// The examples of docs/client.md and docs/locks.md: guide.test.ts runs them, and sees that the pages show these lines.
import { ClientError, compare, connect, op } from '../../src/client/index.js';
import type { Client } from '../../src/client/index.js';

export async function connecting(): Promise<void> {
  await using client = connect(['10.0.0.1:2379', '10.0.0.2:2379', '10.0.0.3:2379']);
  console.log(client.endpoints.length);
}

export async function connectingSafely(
  ca: string,
  cert: string,
  key: string,
  password: string,
): Promise<void> {
  const client = connect('https://10.0.0.1:2379,https://10.0.0.2:2379', {
    tls: { ca, cert, key },
    auth: { user: 'ada', password },
  });
  await client.close();
}

export async function keysAndValues(client: Client): Promise<void> {
  const { revision } = await client.put('config/colour', 'blue');
  const entry = await client.get('config/colour');
  console.log(entry?.text, entry?.version, entry?.modRevision === revision);
  await client.put('config/size', JSON.stringify({ width: 3 }));
  console.log((await client.get('config/size'))?.json());
  for await (const each of client.prefix('config/')) console.log(each.keyText);
  await client.deletePrefix('config/');
}

export async function uncertainty(client: Client): Promise<void> {
  try {
    await client.put('orders/17', 'paid');
  } catch (error) {
    if (!(error instanceof ClientError && error.mayHaveHappened)) throw error;
    const now = await client.get('orders/17');
    if (now?.text !== 'paid') await client.put('orders/17', 'paid');
  }
}

export async function comparing(client: Client): Promise<void> {
  await client.put('seats/7', 'free');
  const taken = await client
    .txn()
    .if(compare.value('seats/7', '=', 'free'))
    .then(op.put('seats/7', 'ada'))
    .else(op.get('seats/7'))
    .commit();
  console.log(taken.succeeded ? 'it is mine' : `taken by ${taken.results[0]?.text}`);
}

export async function transacting(client: Client): Promise<void> {
  await client.put('accounts/ada', '30');
  const left = await client.transaction(async (tx) => {
    const [ada, grace] = await Promise.all([tx.get('accounts/ada'), tx.get('accounts/grace')]);
    const balance = Number(ada?.text ?? 0) - 10;
    if (balance < 0) throw new Error('too little');
    tx.put('accounts/ada', String(balance));
    tx.put('accounts/grace', String(Number(grace?.text ?? 0) + 10));
    return balance;
  });
  console.log(left);
}

/** Ends with the client. */
export async function watching(client: Client): Promise<void> {
  for await (const event of client.watch({ prefix: 'users/' })) {
    if (event.type === 'put') console.log(event.keyText, 'is', event.entry.text);
    else console.log(event.keyText, 'is gone');
  }
}

export async function watchingFrom(client: Client): Promise<void> {
  const { revision } = await client.put('jobs/1', 'queued');
  const watch = client.watch({ prefix: 'jobs/' }, { fromRevision: revision, previous: true });
  for await (const batch of watch.batches()) {
    console.log(batch.events.map((event) => event.keyText));
    if (watch.revision >= revision) break; // `watch.revision + 1` is where another watch goes on.
  }
}

export async function copying(client: Client, copy: Map<string, string>, signal: AbortSignal): Promise<void> {
  try {
    for await (const event of client.watch({ prefix: 'routes/' }, { withState: true, signal })) {
      if (event.type === 'state') {
        copy.clear();
        for (const entry of event.entries) copy.set(entry.keyText, entry.text);
      } else if (event.type === 'put') copy.set(event.keyText, event.entry.text);
      else copy.delete(event.keyText);
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

export async function leasing(client: Client): Promise<void> {
  await using lease = await client.lease(10);
  await client.put('workers/7', 'here', { lease });
  lease.signal.addEventListener('abort', () => console.log('the key is gone, or may be'));
  console.log(lease.isAlive, (await lease.timeToLive({ keys: true }))?.keys.length);
}

export async function locking(client: Client): Promise<void> {
  const answer = await client.lock('reports/nightly', async (fence, signal) => {
    console.log(fence > 0, signal.aborted);
    return 42;
  });
  const outcome = await client.tryLock('reports/nightly', () => 'nobody else had it');
  console.log(answer, outcome.acquired);
}

export async function electing(client: Client): Promise<void> {
  const election = client.election('scheduler');
  await using leadership = await election.campaign('10.0.0.7:8080');
  console.log((await election.leader())?.text, leadership.isHeld);
  await leadership.proclaim('10.0.0.7:8081');
  console.log((await election.leader())?.text);
}

/** Ends with the client. */
export async function observing(client: Client): Promise<void> {
  for await (const leader of client.election('scheduler').observe()) {
    console.log('the leader is', leader.text);
  }
}

export async function namespacing(client: Client): Promise<void> {
  const tenant = client.namespace('tenants/7/');
  await tenant.put('colour', 'blue');
  console.log((await tenant.get('colour'))?.keyText, (await client.get('tenants/7/colour'))?.text);
}

export async function operating(client: Client): Promise<void> {
  for (const member of await client.members()) console.log(member.name, member.isLearner);
  for (const endpoint of client.endpoints) {
    const status = await client.status(endpoint);
    console.log(status.isLeader, status.databaseSizeBytes > 0, status.errors);
  }
  console.log(await client.alarms());
}

export async function administrating(client: Client): Promise<void> {
  await client.auth.addUser('root', 'a secret');
  await client.auth.grantRole('root', 'root');
  await client.auth.addRole('reader');
  await client.auth.grantPermission('reader', { access: 'read', keys: { prefix: 'public/' } });
  await client.auth.addUser('ada', 'another secret');
  await client.auth.grantRole('ada', 'reader');
}

/** A resource that is not this store: a file server, another database, a machine. */
export class Resource {
  #highestFence = 0;
  content = '';

  save(content: string, fence: number): void {
    if (fence < this.#highestFence) throw new Error(`fence ${fence} is older than ${this.#highestFence}`);
    this.#highestFence = fence;
    this.content = content;
  }
}

export async function fencing(client: Client, resource: Resource): Promise<void> {
  await client.lock('reports/nightly', async (fence, signal) => {
    const report = await compute(signal);
    resource.save(report, fence);
  });
}

async function compute(signal: AbortSignal): Promise<string> {
  signal.throwIfAborted();
  return 'the report';
}

export async function fencingWithinTheStore(client: Client): Promise<void> {
  const lock = await client.acquire('reports/nightly');
  const outcome = await client
    .txn()
    .if(compare.createRevision(lock.key, '=', lock.fence))
    .then(op.put('reports/latest', 'the report'))
    .commit();
  if (!outcome.succeeded) throw new Error('the lock was lost: nothing was written');
  await lock.release();
}

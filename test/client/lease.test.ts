import { expect, test, vi } from 'vitest';

import { describeOnBoth } from './systems.js';

const patience = { timeout: 20_000 };

describeOnBoth('leases', 1, (system) => {
  test('hold keys, and take them along when they are revoked', async () => {
    const client = system.newClient();
    const lease = await client.lease(60);
    expect(lease).toMatchObject({ ttlSeconds: 60, isAlive: true });
    await client.put('leased/a', '1', { lease });
    await client.put('leased/b', '2', { lease: lease.id });
    expect((await client.get('leased/a'))?.lease).toBe(lease.id);
    expect(await client.leases()).toContain(lease.id);
    const time = await lease.timeToLive({ keys: true });
    expect(time).toMatchObject({ grantedSeconds: 60 });
    expect(time?.ttlSeconds).toBeGreaterThan(50);
    expect(time?.keys.map(String)).toEqual(['leased/a', 'leased/b']);

    await lease.revoke();
    expect(await client.prefix('leased/').count()).toBe(0);
    expect(lease.isAlive).toBe(false);
    expect(lease.signal.aborted).toBe(true);
    expect(await lease.lost).toMatchObject({ code: 'canceled' });
    expect(await lease.timeToLive()).toBeUndefined();
    await lease.revoke();
  });

  test('an id of one’s own, and what is refused', async () => {
    const client = system.newClient();
    const id = 0x7fff_ffff_ffff_ff42n;
    await using lease = await client.lease(30, { id });
    expect(lease.id).toBe(id);
    await expect(client.lease(30, { id })).rejects.toMatchObject({ code: 'lease-exists' });
    await expect(client.lease(0)).rejects.toMatchObject({ code: 'invalid-argument' });
    await expect(client.lease(1e12)).rejects.toMatchObject({ code: 'lease-ttl-too-large' });
    expect(await client.leaseTimeToLive(4711n)).toBeUndefined();
    expect(await client.renewLease(4711n)).toBeUndefined();
    await client.revokeLease(4711n);
    expect(await client.renewLease(lease)).toBe(30);
  });

  test('one that somebody else revokes is lost', async () => {
    const client = system.newClient();
    const lease = await client.lease(1);
    await system.newClient().revokeLease(lease);
    expect(await lease.lost).toMatchObject({ code: 'lease-lost' });
    expect(lease.signal.reason).toBe(await lease.lost);
  });

  test('one that this process was too busy to renew is lost the moment it looks', async () => {
    const client = system.newClient();
    const lease = await client.lease(1);
    // As if the process were stopped and resumed: no timer fires, no answer is read.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, lease.ttlSeconds * 1000 + 50);
    expect(lease.isAlive).toBe(false);
    expect(await lease.lost).toMatchObject({ code: 'lease-lost' });
  });

  test('renew themselves, hundreds over one stream', async () => {
    const client = system.newClient();
    const leases = await Promise.all(Array.from({ length: 300 }, () => client.lease(2)));
    await Promise.all(leases.map((lease, index) => client.put(`renewed/${index}`, '', { lease })));
    // Half as long again as they would live: what is to be shown is that nothing happens.
    const until = performance.now() + 3000;
    await vi.waitUntil(() => performance.now() > until, patience);
    expect(leases.every((lease) => lease.isAlive)).toBe(true);
    expect(await client.prefix('renewed/').count()).toBe(leases.length);
    await Promise.all(leases.map((lease) => lease.revoke()));
  });

  test('granted only, a lease is renewed by whoever takes it over', async () => {
    const [client, heir] = [system.newClient(), system.newClient()];
    const granted = await client.grantLease(1);
    await client.put('granted', '', { lease: granted });
    const kept = await heir.keepLease(granted);
    expect(kept).toMatchObject({ id: granted.id, ttlSeconds: granted.ttlSeconds, isAlive: true });
    await expect(heir.keepLease(granted)).rejects.toMatchObject({ code: 'lease-exists' });
    const until = performance.now() + granted.ttlSeconds * 1500;
    await vi.waitUntil(() => performance.now() > until, patience);
    expect(kept?.isAlive).toBe(true);
    await heir.close(); // Nobody renews it any more.
    await vi.waitUntil(async () => (await client.get('granted')) === undefined, patience);
    expect(await client.keepLease(granted)).toBeUndefined();
  });

  test('closing the client ends them for it', async () => {
    const client = system.newClient();
    const lease = await client.lease(60);
    await client.close();
    expect(await lease.lost).toMatchObject({ code: 'canceled' });
    await system.newClient().revokeLease(lease);
  });
});

import { expect, test } from 'vitest';

import { describeOnBoth } from './systems.js';

describeOnBoth('questions for operators', 3, (system) => {
  test('members, their state and their hashes agree', async () => {
    const client = system.newClient();
    const { revision } = await client.put('some', 'state');
    const members = await client.members();
    expect(members.map((member) => member.clientUrls)).toEqual(
      expect.arrayContaining(system.cluster.members.map((member) => [member.clientUrl])),
    );
    expect(members.every((member) => /^[0-9a-f]{16}$/.test(member.id) && !member.isLearner)).toBe(true);
    expect((await client.members({ serializable: true })).length).toBe(3);

    // A linearizable read at each member makes sure that it has applied the write.
    for (const endpoint of client.endpoints) {
      const alone = system.newClient();
      await alone.get('some');
      await expect(alone.status(endpoint)).resolves.toMatchObject({ endpoint, errors: [], isLearner: false });
    }
    const statuses = await Promise.all(client.endpoints.map((endpoint) => client.status(endpoint)));
    expect(new Set(statuses.map((status) => status.clusterId)).size).toBe(1);
    expect(new Set(statuses.map((status) => status.id))).toEqual(new Set(members.map((member) => member.id)));
    expect(new Set(statuses.map((status) => status.leader)).size).toBe(1);
    expect(statuses.filter((status) => status.isLeader)).toHaveLength(1);
    expect(statuses.every((status) => status.term > 0 && /^\d+\.\d+\.\d+$/.test(status.version))).toBe(true);
    expect(
      statuses.every((status) => status.index >= status.appliedIndex && status.databaseSizeBytes > 0),
    ).toBe(true);

    const hashes = await Promise.all(client.endpoints.map((endpoint) => client.hashKv(endpoint, revision)));
    expect(new Set(hashes.map((result) => result.hash)).size).toBe(1);
    expect(hashes.every((result) => result.hashRevision === revision)).toBe(true);
  });

  test('an endpoint that is not among the ones given', async () => {
    await expect(system.newClient().status('127.0.0.1:1')).rejects.toMatchObject({
      code: 'invalid-argument',
    });
  });
});

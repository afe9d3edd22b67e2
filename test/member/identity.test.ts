import { describe, expect, test } from 'vitest';
import { clusterIdOf, defaultLimits, initialIdentity, memberIdOf } from '../../src/member/index.js';
import type { InitialMember, MemberConfig } from '../../src/member/index.js';

function configOf(name: string, initialCluster: readonly InitialMember[]): MemberConfig {
  return {
    name,
    clientUrls: [],
    initialCluster,
    initialClusterToken: 'etcd-cluster',
    initialClusterState: 'new',
    heartbeatIntervalMs: 100,
    electionTimeoutMs: 1000,
    snapshotCount: 10_000,
    limits: defaultLimits,
  };
}

describe('identity from flags', () => {
  // What etcd 3.4.23 logged for --listen-peer-urls http://127.0.0.1:23801 with its default token.
  test('is the one that etcd derives', () => {
    const id = memberIdOf(['http://127.0.0.1:23801'], 'etcd-cluster');
    expect(id).toBe('bdae9bbc11dd390d');
    expect(clusterIdOf([id])).toBe('d1cfaf999eb97a2a');
  });

  test('does not depend on the order of members or URLs', () => {
    const a = { name: 'a', peerUrls: ['http://h:1', 'http://h:2'] };
    const b = { name: 'b', peerUrls: ['http://h:3'] };
    const turned = { name: 'a', peerUrls: ['http://h:2', 'http://h:1'] };
    expect(initialIdentity(configOf('a', [a, b]))).toMatchObject({
      clusterId: initialIdentity(configOf('b', [b, turned])).clusterId,
      memberId: memberIdOf(turned.peerUrls, 'etcd-cluster'),
    });
  });

  test('needs the member to be in its cluster, and every URL once', () => {
    const a = { name: 'a', peerUrls: ['http://h:1'] };
    expect(() => initialIdentity(configOf('x', [a]))).toThrow(/"x" is not in the initial cluster \(a\)/);
    expect(() => initialIdentity(configOf('a', [a, { ...a, name: 'b' }]))).toThrow(/stands twice/);
  });
});

import { describe, expect, test } from 'vitest';
import type { AutoCompaction, Member } from '../../src/member/index.js';
import { put } from '../mvcc/requests.js';
import { createWorld } from './world.js';
import type { World } from './world.js';

const hourMs = 3_600_000;

async function startMembers(autoCompaction: AutoCompaction): Promise<{ world: World; members: Member[] }> {
  const world = createWorld({ members: 3, config: { autoCompaction } });
  const members: Member[] = [];
  for (const name of world.names) members.push(await world.start(name));
  await world.run(() => members.some((member) => member.status().role === 'leader'));
  return { world, members };
}

async function passTime(world: World, spanMs: number): Promise<void> {
  const untilMs = world.nowMs + spanMs;
  await world.run(() => world.nowMs >= untilMs, spanMs * 2);
}

/** Writes once a minute. */
async function writeFor(world: World, member: Member, minutes: number): Promise<void> {
  for (let minute = 0; minute < minutes; minute++) {
    await world.settle(member.put(put('key', String(minute))));
    await passTime(world, 60_000);
  }
}

describe('history that is given up by itself', () => {
  test('keeps what is younger than the time asked for', async () => {
    const { world, members } = await startMembers({ mode: 'periodic', retentionMs: hourMs / 6 });
    const [member] = members as [Member];
    await writeFor(world, member, 30);
    const { revision, compactRevision } = member.status();
    expect(revision - compactRevision).toBeGreaterThanOrEqual(10);
    expect(revision - compactRevision).toBeLessThanOrEqual(12);
    await world.run(() => members.every((each) => each.status().compactRevision >= compactRevision));
  });

  test('keeps so many revisions', async () => {
    const { world, members } = await startMembers({ mode: 'revision', retentionRevisions: 5 });
    const [member] = members as [Member];
    await writeFor(world, member, 20);
    await passTime(world, 300_000);
    expect(member.status().revision - member.status().compactRevision).toBe(5);
  });

  test('is the leader\u2019s work alone: each revision is compacted once', async () => {
    const { world, members } = await startMembers({ mode: 'periodic', retentionMs: hourMs / 6 });
    const [member] = members as [Member];
    await writeFor(world, member, 12);
    const before = member.status();
    await passTime(world, hourMs);
    const after = member.status();
    expect(after.compactRevision).toBe(after.revision);
    // At most one entry for each time that somebody looked, and none once everything is compacted.
    expect(after.appliedIndex - before.appliedIndex).toBeLessThanOrEqual(12);
  });
});

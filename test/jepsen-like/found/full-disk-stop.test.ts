import { expect, test } from 'vitest';
import { createWorld, memberOf } from '../../../jepsen-like/simulator/index.js';
import { put } from '../../mvcc/requests.js';

// Found by seed 2001564: a member that was told to stop while its disk was full never said that it had.
test('a member whose disk is full has stopped when it is told to, and says what it could not write', async () => {
  const world = createWorld({ seed: 1, members: 1 });
  const host = world.host('m1');
  world.start('m1');
  await world.run(() => world.leader !== null, 10_000);
  const member = memberOf(host);
  await world.settle(member.put(put('key', 'value')));
  host.diskFailure = 'ENOSPC';
  const closing = member.close();
  closing.catch(() => undefined);
  await world.settle(member.stopped);
  await expect(closing).rejects.toThrow('no space left on device');
});

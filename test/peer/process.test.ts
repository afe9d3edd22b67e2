import type { ChildProcess } from 'node:child_process';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it, vi } from 'vitest';

import type { TestMember } from './support.js';
import { closeAll, clusterId, freeUrl, memberId, startMember, until } from './support.js';

// A child process cannot read TypeScript: this is what `npm run build` makes of child.ts.
const childModule = fileURLToPath(new URL('../../dist/test/peer/child.js', import.meta.url));

const children: ChildProcess[] = [];

// Real sockets on a machine that may be busy: only what never comes fails.
vi.setConfig({ testTimeout: 30_000 });

afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  await closeAll();
});

const childId = memberId('b');

async function startChild(url: string, peer: TestMember): Promise<ChildProcess> {
  const child = fork(childModule, [clusterId, childId, url, peer.id, peer.url]);
  children.push(child);
  await once(child, 'message');
  return child;
}

let contextSoFar = 0;

/** Until an answer has come back. */
async function talk(member: TestMember): Promise<void> {
  const first = ++contextSoFar;
  await until('an answer of the other process', () => {
    const readContext = ++contextSoFar;
    member.network.send([
      { type: 'heartbeat', from: member.id, to: childId, term: 1, commit: 0, readContext },
    ]);
    return member
      .messages()
      .some((message) => message.type === 'heartbeat-response' && message.readContext >= first);
  });
}

describe('a member in another process', () => {
  it('is lost the moment it is killed, and reached again once it is restarted', async () => {
    const a = await startMember('a');
    const url = await freeUrl();
    a.network.setPeers([{ id: childId, urls: [url] }]);
    for (let round = 0; round < 3; round++) {
      const child = await startChild(url, a);
      await talk(a);
      a.lost.length = 0;
      const exited = once(child, 'exit');
      child.kill('SIGKILL');
      await exited;
      await until('the loss', () => a.lost.includes(childId));
    }
    await startChild(url, a);
    await talk(a);
  });

  it('is lost as soon when its end is graceful, and its process ends by itself', async () => {
    const a = await startMember('a');
    const url = await freeUrl();
    a.network.setPeers([{ id: childId, urls: [url] }]);
    const child = await startChild(url, a);
    await talk(a);
    a.lost.length = 0;
    const exited = once(child, 'exit');
    child.send('stop');
    await until('the loss', () => a.lost.includes(childId));
    expect(await exited).toEqual([0, null]);
  });

  it('that is paused is not lost, and hears what it missed once it goes on', async () => {
    const a = await startMember('a');
    const url = await freeUrl();
    a.network.setPeers([{ id: childId, urls: [url] }]);
    const child = await startChild(url, a);
    await talk(a);
    a.lost.length = 0;
    child.kill('SIGSTOP');
    const readContext = ++contextSoFar;
    a.network.send([{ type: 'heartbeat', from: a.id, to: childId, term: 1, commit: 0, readContext }]);
    child.kill('SIGCONT');
    await until('its answer', () =>
      a
        .messages()
        .some((message) => message.type === 'heartbeat-response' && message.readContext === readContext),
    );
    expect(a.lost).toEqual([]);
  });
});

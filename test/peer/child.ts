// A member's network in a process of its own, for tests that kill it: answers every heartbeat, and stops when asked.
import { seededRandom, silentLogger } from '../../src/base/index.js';
import { createPeerNetwork } from '../../src/peer/index.js';
import type { Message } from '../../src/raft/index.js';

const [clusterId = '', id = '', url = '', peerId = '', peerUrl = ''] = process.argv.slice(2);

const network = createPeerNetwork({
  identity: { clusterId, memberId: id },
  listenUrls: [url],
  logger: silentLogger,
  random: seededRandom(process.pid),
});

function answer(messages: readonly Message[]): void {
  network.send(
    messages.flatMap((message): Message[] =>
      message.type === 'heartbeat'
        ? [
            {
              type: 'heartbeat-response',
              from: id,
              to: message.from,
              term: 1,
              readContext: message.readContext,
            },
          ]
        : [],
    ),
  );
}

async function stop(): Promise<void> {
  await network.close();
  process.disconnect();
}

process.once('message', () => {
  stop().catch(() => process.exit(1));
});

await network.start({
  admits: () => true,
  onMessages: answer,
  onUnreachable: () => undefined,
  onConnectionLost: () => undefined,
  openSnapshot: () => Promise.reject(new Error('no snapshots here')),
  onSnapshot: () => undefined,
  onRefused: () => undefined,
  onCall: (_from, request) => Promise.resolve(request),
  describeMembers: () => [],
});
network.setPeers([{ id: peerId, urls: [peerUrl] }]);
process.send?.('ready');

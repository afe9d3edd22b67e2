import { planPorts } from '../../../cluster/index.js';
import type { Links } from './links.js';
import { createProxies } from './proxies.js';
import type { Network } from './types.js';

const host = '127.0.0.1';

/** All on the loopback, with a proxy of ours before every machine. Needs no rights, but Linux. */
export function createProxiedNetwork(links: Links, pids: () => ReadonlyMap<string, number>): Network {
  const proxies = createProxies({ links, pids });
  return {
    kind: 'proxies',
    async place(name) {
      const [ports] = await planPorts('free', 1);
      if (ports === undefined) throw new Error('there are ports for one machine');
      const proxyPorts = [await proxies.open(name, ports.peer), await proxies.open(name, ports.peer)];
      return {
        host,
        clientPort: ports.client,
        peerPort: ports.peer,
        advertisedPeerUrls: proxyPorts.map((port) => `http://${host}:${port}`),
        commandPrefix: [],
      };
    },
    reset: () => proxies.reset(),
    close: () => proxies.close(),
  };
}

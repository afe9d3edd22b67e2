import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import type { Links } from './links.js';
import { createPump } from './pump.js';
import type { Pump } from './pump.js';
import { ownerOfPort } from './sockets.js';

export interface ProxiesOptions {
  readonly links: Links;
  /** The processes that there are, by their machines: whose connection it is. */
  readonly pids: () => ReadonlyMap<string, number>;
}

/**
 * A proxy before each machine's port for the others. It knows who connects by the process that has the other end, and so
 * lets each direction between any two of them be cut for itself: bytes wait, as on a network that loses all packets, and pass
 * when the link is mended. A connection is only made while both directions are whole.
 */
export interface Proxies {
  /** Listens for this machine; answers with the port that the others are told. */
  open(name: string, targetPort: number): Promise<number>;
  /** Breaks all connections between machines, at once. */
  reset(): void;
  close(): Promise<void>;
}

const host = '127.0.0.1';

export function createProxies({ links, pids }: ProxiesOptions): Proxies {
  const servers = new Set<Server>();
  const routes = new Set<Route>();
  links.subscribe((from, to) => {
    for (const route of routes) if (route.joins(from, to)) route.look();
  });

  function accept(inbound: Socket, name: string, targetPort: number): void {
    const source = inbound.remotePort === undefined ? null : ownerOfPort(inbound.remotePort, pids());
    const route = createRoute({
      inbound,
      targetPort,
      // One that nobody knows is no machine's: nothing is done to it.
      source: source ?? 'nobody',
      target: name,
      links,
      onOver: () => routes.delete(route),
    });
    routes.add(route);
    route.look();
  }

  return {
    async open(name, targetPort) {
      const server = createServer({ allowHalfOpen: true, noDelay: true });
      server.on('connection', (socket) => accept(socket, name, targetPort));
      server.listen({ host, port: 0 });
      await once(server, 'listening');
      servers.add(server);
      const address = server.address();
      if (address === null || typeof address === 'string') throw new Error('a proxy listens on a port');
      return address.port;
    },
    reset() {
      for (const route of [...routes]) route.close();
    },
    async close() {
      for (const route of [...routes]) route.close();
      await Promise.all([...servers].map((server) => new Promise((resolve) => server.close(resolve))));
    },
  };
}

interface RouteOptions {
  readonly inbound: Socket;
  readonly targetPort: number;
  readonly source: string;
  readonly target: string;
  readonly links: Links;
  readonly onOver: () => void;
}

/** One connection through a proxy. */
interface Route {
  joins(from: string, to: string): boolean;
  look(): void;
  close(): void;
}

function createRoute({ inbound, targetPort, source, target, links, onOver }: RouteOptions): Route {
  let outbound: Socket | null = null;
  let openCount = 2;
  const ends = {
    onOver() {
      openCount -= 1;
      if (openCount === 0) onOver();
    },
  };
  const isWhole = (): boolean => !links.isCut(source, target) && !links.isCut(target, source);
  const there = createPump({
    from: inbound,
    to: () => outbound,
    isCut: () => links.isCut(source, target),
    delayMs: () => links.delayMsOf(source, target),
    ...ends,
  });
  const pumps: Pump[] = [there];
  inbound.on('end', giveUp);
  inbound.on('close', giveUp);
  inbound.on('drain', look);

  /** Whoever dials does not wait for ever. */
  function giveUp(): void {
    if (outbound === null) close();
  }

  function look(): void {
    if (outbound === null && isWhole()) dial();
    for (const pump of pumps) pump.look();
  }

  function dial(): void {
    const dialed = connect({ host, port: targetPort, allowHalfOpen: true, noDelay: true });
    dialed.on('drain', look);
    outbound = dialed;
    const back = createPump({
      from: dialed,
      to: () => inbound,
      isCut: () => links.isCut(target, source),
      delayMs: () => links.delayMsOf(target, source),
      ...ends,
    });
    pumps.push(back);
  }

  function close(): void {
    for (const pump of pumps) pump.close();
    inbound.resetAndDestroy();
    outbound?.resetAndDestroy();
    onOver();
  }

  return {
    joins: (from, to) => (from === source && to === target) || (from === target && to === source),
    look,
    close,
  };
}

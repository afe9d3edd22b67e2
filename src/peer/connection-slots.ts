import type { Socket } from 'node:net';

/**
 * The connections that others have to this member: so many and no more. One is proven by a call that was let in. When all
 * places are taken, the oldest that nobody has proven gives up its own: strangers who fill the port keep no member out.
 */
export interface ConnectionSlots {
  /** Takes it in; or, when all others are proven, ends it and answers false. */
  add(socket: Socket): boolean;
  /** `peer`: `address:port` of its other end, as gRPC names it. */
  prove(peer: string): void;
  destroyAll(): void;
}

export function createConnectionSlots(connectionsMax: number): ConnectionSlots {
  const sockets = new Set<Socket>();
  const unproven = new Map<string, Socket>();

  function remove(socket: Socket, peer: string): void {
    sockets.delete(socket);
    if (unproven.get(peer) === socket) unproven.delete(peer);
  }

  return {
    add(socket) {
      if (sockets.size >= connectionsMax) {
        const [oldest] = unproven;
        (oldest?.[1] ?? socket).destroy();
        if (oldest === undefined) return false;
        remove(oldest[1], oldest[0]);
      }
      const peer = `${socket.remoteAddress}:${socket.remotePort}`;
      sockets.add(socket);
      unproven.set(peer, socket);
      socket.once('close', () => remove(socket, peer));
      return true;
    },
    prove: (peer) => void unproven.delete(peer),
    destroyAll() {
      for (const socket of sockets) socket.destroy();
    },
  };
}

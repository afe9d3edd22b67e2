import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { Socket } from 'node:net';
import { onTestFinished } from 'vitest';

export interface Gate {
  /** `host:port`. */
  readonly endpoint: string;
  /** Ends all connections, and refuses new ones until it is opened. */
  close(): void;
  open(): void;
}

/** The way to one member, open at first. */
export async function startGate(member: string): Promise<Gate> {
  const [host, port] = new URL(`http://${member}`).host.split(':');
  const sockets = new Set<Socket>();
  let isOpen = true;
  const server = createServer((inbound) => {
    if (!isOpen) {
      inbound.destroy();
      return;
    }
    const outbound = connect(Number(port), host);
    const end = (): void => {
      for (const socket of [inbound, outbound]) {
        socket.destroy();
        sockets.delete(socket);
      }
    };
    for (const socket of [inbound, outbound]) {
      sockets.add(socket);
      socket.on('error', end).on('close', end);
    }
    inbound.pipe(outbound).pipe(inbound);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const closeAll = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  onTestFinished(() => {
    server.close();
    closeAll();
  });
  const address = server.address();
  return {
    endpoint: typeof address === 'object' ? `127.0.0.1:${address?.port}` : '',
    close() {
      isOpen = false;
      closeAll();
    },
    open() {
      isOpen = true;
    },
  };
}

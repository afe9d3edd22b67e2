import type { Client } from '@grpc/grpc-js';

/**
 * Channels whose peer has taken the connection but says nothing, for the next attempt at the same address. grpc-js
 * cannot drop a handshake that hangs, so dialing anew each time would leave a socket behind each time. Now and then one
 * is given up all the same: its host may be back and know nothing of it.
 */
export interface Parking {
  take(url: string): Client | undefined;
  put(url: string, client: Client): void;
  /** This attempt ended for another reason: its channel is closed. */
  end(url: string, client: Client): void;
  clear(): void;
}

const parkedTimesMax = 6;

export function createParking(): Parking {
  const clients = new Map<string, { readonly client: Client; times: number }>();
  return {
    take: (url) => clients.get(url)?.client,
    put(url, client) {
      const times = (clients.get(url)?.times ?? 0) + 1;
      if (times <= parkedTimesMax) clients.set(url, { client, times });
      else {
        clients.delete(url);
        client.close();
      }
    },
    end(url, client) {
      clients.delete(url);
      client.close();
    },
    clear() {
      for (const { client } of clients.values()) client.close();
      clients.clear();
    },
  };
}

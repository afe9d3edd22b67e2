import { createAuth } from './auth.js';
import type { AuthAdministration } from './auth.js';
import { createConnection } from './connection.js';
import type { ClientOptions } from './connection.js';
import { wholeKeyspace } from './keyspace.js';
import { createLeases } from './lease/index.js';
import type { Leases } from './lease/index.js';
import { createMaintenance } from './maintenance.js';
import type { Maintenance } from './maintenance.js';
import { createMembers } from './members.js';
import type { Members } from './members.js';
import { createSnapshots } from './snapshot.js';
import type { Snapshots } from './snapshot.js';
import { createView } from './view.js';
import type { View } from './view.js';
import { createWatchHub } from './watch/index.js';

/** A cluster as a program uses it. All methods may be called at once, as often as wanted; failures are ClientErrors. */
export interface Client extends View, Leases, Members, Maintenance, Snapshots, AsyncDisposable {
  /** The members this client knows, as `host:port`, in the order given. */
  readonly endpoints: readonly string[];
  /** Users, roles and what they may do. */
  readonly auth: AuthAdministration;
  /**
   * Ends requests, watches and leases under way with `canceled` and closes the sockets. Keys on leases go when their
   * time is over: revoke those that should go at once. `await using` does the same.
   */
  close(): Promise<void>;
}

/**
 * A client for the cluster at these endpoints (`host:port`, `http://host:port` or `https://host:port`; one text may hold
 * several between commas). Nothing is sent before the first request, which finds a member that works.
 *
 *     await using client = connect(['127.0.0.1:2379', '127.0.0.1:22379', '127.0.0.1:32379']);
 *     await client.put('greeting', 'hello');
 *     console.log((await client.get('greeting'))?.text);
 *
 * Throws ClientError `invalid-argument` for endpoints that are none.
 */
export function connect(endpoints: string | readonly string[], options: ClientOptions = {}): Client {
  const texts = typeof endpoints === 'string' ? endpoints.split(',') : endpoints;
  const connection = createConnection(texts, options);
  const leases = createLeases(connection);
  const hub = createWatchHub(connection);
  return {
    ...createView({ connection, hub, leases }, wholeKeyspace),
    ...leases,
    ...createMembers(connection),
    ...createMaintenance(connection),
    ...createSnapshots(connection),
    auth: createAuth(connection),
    endpoints: connection.endpoints,
    close: () => connection.close(),
    [Symbol.asyncDispose]: () => connection.close(),
  };
}

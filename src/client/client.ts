import { createConnection } from './connection.js';
import type { ClientOptions } from './connection.js';
import { createKeyValueStore } from './kv.js';
import type { KeyValueStore } from './kv.js';
import { createMaintenance } from './maintenance.js';
import type { Maintenance } from './maintenance.js';
import { createSnapshots } from './snapshot.js';
import type { Snapshots } from './snapshot.js';
import { createTxn } from './txn.js';
import type { TxnBuilder } from './txn.js';

/** A cluster as a program uses it. All methods may be called at once, as often as wanted; failures are ClientErrors. */
export interface Client extends KeyValueStore, Maintenance, Snapshots, AsyncDisposable {
  /** The members this client knows, as `host:port`, in the order given. */
  readonly endpoints: readonly string[];
  /** Begins a transaction; `commit()` sends it. */
  txn(): TxnBuilder<[], []>;
  /** Ends requests under way with `canceled` and closes the sockets. `await using` does the same. */
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
  return {
    ...createKeyValueStore(connection),
    ...createMaintenance(connection),
    ...createSnapshots(connection),
    endpoints: connection.endpoints,
    txn: () => createTxn(connection),
    close: () => connection.close(),
    [Symbol.asyncDispose]: () => connection.close(),
  };
}

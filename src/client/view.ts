import type { Connection } from './connection.js';
import { bytesOf } from './keys.js';
import type { Bytes, Keys } from './keys.js';
import { createKeyspace } from './keyspace.js';
import type { Keyspace } from './keyspace.js';
import { createKeyValueStore } from './kv.js';
import type { KeyValueStore } from './kv.js';
import type { Leases } from './lease/index.js';
import { createElection, createLocks } from './lock/index.js';
import type { Election, ElectionSource, Locks } from './lock/index.js';
import { createTransactions } from './transaction.js';
import type { Transactions } from './transaction.js';
import { createTxn } from './txn.js';
import type { TxnBuilder } from './txn.js';
import { createWatch } from './watch/index.js';
import type { EventOf, Watch, WatchHub, WatchOptions } from './watch/index.js';

/** Everything that is about keys: of the whole store, or of a namespace. */
export interface View extends KeyValueStore, Locks, Transactions {
  /** Begins a transaction; `commit()` sends it. */
  txn(): TxnBuilder<[], []>;
  /**
   * Changes as they happen:
   *
   *     for await (const event of client.watch({ prefix: 'users/' })) {
   *       if (event.type === 'put') console.log(event.keyText, 'is', event.entry.text);
   *       else console.log(event.keyText, 'is gone');
   *     }
   */
  watch<const Options extends WatchOptions = { readonly progress?: false }>(
    keys: Keys,
    options?: Options,
  ): Watch<EventOf<Options>>;
  /** One leader at a time among those who campaign under this name. */
  election(name: Bytes): Election;
  /**
   * The same store, seen through a prefix: keys given and keys answered are without it, and nothing outside of it can be
   * reached. Namespaces may be nested.
   *
   *     const tenant = client.namespace('tenants/7/');
   *     await tenant.put('colour', 'blue'); // tenants/7/colour
   */
  namespace(prefix: Bytes): View;
}

export interface ViewParts {
  readonly connection: Connection;
  readonly hub: WatchHub;
  readonly leases: Leases;
}

export function createView(parts: ViewParts, keyspace: Keyspace): View {
  const { connection, hub, leases } = parts;
  const store = createKeyValueStore(connection, keyspace);
  const txn = (): TxnBuilder<[], []> => createTxn({ connection, keyspace });
  const source: ElectionSource = {
    store,
    txn,
    lease: (ttlSeconds, options) => leases.lease(ttlSeconds, options),
    repeatableTxn: () => createTxn({ connection, keyspace, isRepeatable: true }),
    watchDeletes: (keys, options) =>
      createWatch(watchSource, keys, { ...options, only: 'deletes', withState: false, progress: false }),
    watchState: (keys, signal) => createWatch(watchSource, keys, { signal, withState: true }),
  };
  const watchSource = { hub, keyspace, store };

  return {
    ...store,
    ...createLocks(source),
    ...createTransactions({ store, txn }),
    txn,
    watch: <const Options extends WatchOptions>(keys: Keys, options?: Options) =>
      createWatch<Options>(watchSource, keys, options ?? ({} as Options)),
    election: (name) => createElection(source, name),
    namespace(given) {
      const prefix = Buffer.concat([keyspace.prefix, bytesOf(given)]);
      return createView(parts, prefix.length === 0 ? keyspace : createKeyspace(prefix));
    },
  };
}

import { Counter, Gauge } from 'prom-client';
import type { Registry } from 'prom-client';
import type { Member } from '../../member/index.js';
import { apiVersion } from '../version.js';
import { renderHistogram } from './histograms.js';

type Reading = readonly [name: string, help: string, read: (member: Member) => number];

const gauges: readonly Reading[] = [
  ['etcd_server_has_leader', '1 if this member knows a leader.', ({ leader }) => (leader === null ? 0 : 1)],
  ['etcd_server_is_leader', '1 if this member leads.', ({ leader, id }) => (leader === id ? 1 : 0)],
  ['etcd_server_is_learner', '1 if this member is a learner.', ({ isLearner }) => (isLearner ? 1 : 0)],
  [
    'etcd_server_proposals_pending',
    'Writes that wait for their outcome.',
    (member) => member.measures().proposalsPending,
  ],
  [
    'etcd_server_quota_backend_bytes',
    'The store may grow to this.',
    (member) => member.status().quotaSizeBytes,
  ],
  ['etcd_debugging_mvcc_keys_total', 'Keys that are there now.', (member) => member.status().keyCount],
  ['etcd_debugging_mvcc_watcher_total', 'Watches that run.', (member) => member.watches.watcherCount],
  [
    'etcd_debugging_mvcc_slow_watcher_total',
    'Watches that have history to catch up with.',
    (member) => member.watches.unsyncedCount,
  ],
  [
    'etcd_debugging_mvcc_current_revision',
    'The revision of the store.',
    (member) => member.status().revision,
  ],
  [
    'etcd_debugging_mvcc_compact_revision',
    'History below this is gone.',
    (member) => member.status().compactRevision,
  ],
  [
    'quorate_apply_queue_length',
    'Committed entries that wait to be applied.',
    (member) => member.measures().applyQueueLength,
  ],
  [
    'quorate_proposals_pending_bytes',
    'Bytes of the writes that wait for their outcome.',
    (member) => member.measures().proposalsPendingSizeBytes,
  ],
  [
    'quorate_reads_waiting',
    'Linearizable reads that wait to be confirmed.',
    (member) => member.measures().readsWaiting,
  ],
  [
    'quorate_state_unflushed_bytes',
    'Bytes applied in memory that are in the log, but not yet in the state store.',
    (member) => member.measures().unflushedSizeBytes,
  ],
  [
    'quorate_log_bytes',
    'Bytes of the log that is held in memory.',
    (member) => member.measures().logSizeBytes,
  ],
];

const counters: readonly Reading[] = [
  [
    'etcd_server_proposals_committed_total',
    'Index of the last committed entry.',
    (member) => member.status().commitIndex,
  ],
  [
    'etcd_server_proposals_applied_total',
    'Index of the last applied entry.',
    (member) => member.status().appliedIndex,
  ],
  [
    'etcd_server_leader_changes_seen_total',
    'Times that this member learned of another leader.',
    (member) => member.measures().leaderChangesTotal,
  ],
  [
    'etcd_server_proposals_failed_total',
    'Writes that were given up before they had an outcome.',
    (member) => member.measures().proposalsFailedTotal,
  ],
  [
    'etcd_server_slow_apply_total',
    'Times that applying took longer than 100 ms.',
    (member) => member.measures().slowAppliesTotal,
  ],
  [
    'etcd_server_heartbeat_send_failures_total',
    'Times that messages to a peer, heartbeats among them, were dropped.',
    (member) => [...member.measures().traffic.sendFailures.values()].reduce((sum, each) => sum + each, 0),
  ],
  [
    'etcd_network_peer_sent_bytes_total',
    'Bytes of Raft messages to peers.',
    (member) => member.measures().traffic.sentBytes,
  ],
  [
    'etcd_network_peer_received_bytes_total',
    'Bytes of Raft messages from peers.',
    (member) => member.measures().traffic.receivedBytes,
  ],
];

/** What a member says about itself, read when somebody asks. */
export function registerMember(registry: Registry, member: Member): void {
  for (const [name, help, read] of gauges) {
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        this.set(read(member));
      },
    });
  }
  for (const [name, help, read] of counters) {
    new Counter({
      name,
      help,
      registers: [registry],
      collect() {
        this.reset();
        this.inc(read(member));
      },
    });
  }
  registerSizes(registry, member);
  registerFailures(registry, member);
  new Gauge({
    name: 'etcd_server_version',
    help: 'The version of the API that is spoken.',
    labelNames: ['server_version'],
    registers: [registry],
  }).set({ server_version: apiVersion }, 1);
}

function registerSizes(registry: Registry, member: Member): void {
  const total = new Gauge({
    name: 'etcd_mvcc_db_total_size_in_bytes',
    help: 'Bytes of the store on disk.',
    registers: [registry],
    async collect() {
      const size = await member.maintenance.databaseSize();
      total.set(size.total);
      inUse.set(size.inUse);
    },
  });
  const inUse = new Gauge({
    name: 'etcd_mvcc_db_total_size_in_use_in_bytes',
    help: 'Bytes of the store on disk that hold data.',
    registers: [registry],
  });
}

function registerFailures(registry: Registry, member: Member): void {
  new Counter({
    name: 'etcd_network_peer_sent_failures_total',
    help: 'Times that messages to this peer were dropped.',
    labelNames: ['To'],
    registers: [registry],
    collect() {
      this.reset();
      for (const [peer, count] of member.measures().traffic.sendFailures) this.inc({ To: peer }, count);
    },
  });
}

/** Durations, which the registry does not hold. */
export function renderMemberHistograms(member: Member): string {
  const { logWriteSeconds, stateFlushSeconds } = member.measures();
  return (
    renderHistogram('etcd_disk_wal_fsync_duration_seconds', 'Synced writes of the log.', [
      { labels: {}, histogram: logWriteSeconds },
    ]) +
    renderHistogram('etcd_disk_backend_commit_duration_seconds', 'Synced writes of the state.', [
      { labels: {}, histogram: stateFlushSeconds },
    ])
  );
}

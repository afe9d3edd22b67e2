import { describe, expect, it } from 'vitest';
import { renderHistogram } from '../../src/api/metrics/histograms.js';
import { createHistogram } from '../../src/base/index.js';
import { etcdserverpb } from '../../src/gen/protos.js';
import { request, serveApi } from './serve.js';
import { stubMember } from './stub-member.js';

/** What dashboards and alerts made for etcd ask for. */
const wanted = [
  'etcd_server_has_leader',
  'etcd_server_is_leader',
  'etcd_server_leader_changes_seen_total',
  'etcd_server_proposals_failed_total',
  'etcd_server_proposals_pending',
  'etcd_server_proposals_committed_total',
  'etcd_server_proposals_applied_total',
  'etcd_server_quota_backend_bytes',
  'etcd_server_slow_apply_total',
  'etcd_server_heartbeat_send_failures_total',
  'etcd_disk_wal_fsync_duration_seconds_bucket',
  'etcd_disk_backend_commit_duration_seconds_bucket',
  'etcd_mvcc_db_total_size_in_bytes',
  'etcd_mvcc_db_total_size_in_use_in_bytes',
  'grpc_server_started_total',
  'grpc_server_handled_total',
  'grpc_server_handling_seconds_bucket',
  'etcd_network_peer_sent_failures_total',
  'etcd_network_client_grpc_sent_bytes_total',
  'etcd_network_client_grpc_received_bytes_total',
  'etcd_network_peer_sent_bytes_total',
  'etcd_network_peer_received_bytes_total',
  'process_resident_memory_bytes',
  'nodejs_eventloop_lag_seconds',
  'quorate_apply_queue_length',
];

describe('/metrics', () => {
  it('has what dashboards for etcd ask for, and the queues and the event loop', async () => {
    const { address, client } = await serveApi(stubMember());
    const range = etcdserverpb.RangeRequest.encode({ key: Buffer.from('k') }).finish();
    const outcome = await client.call('/etcdserverpb.KV/Range', range);
    expect(outcome.ok).toBe(true);
    const { text } = await request(`${address}/metrics`);
    const names = new Set(
      text
        .split('\n')
        .filter((line) => !line.startsWith('#'))
        .map((line) => line.split(/[{ ]/, 1)[0]),
    );
    expect(wanted.filter((name) => !names.has(name))).toEqual([]);
    expect(text).toContain('etcd_network_peer_sent_failures_total{To="a1"} 11');
    const call = 'grpc_type="unary",grpc_service="etcdserverpb.KV",grpc_method="Range"';
    expect(text).toContain(`grpc_server_handling_seconds_count{${call}} 1`);
    expect(text).toContain(`etcd_network_client_grpc_received_bytes_total ${range.length}`);
  });
});

describe('A histogram', () => {
  it('counts each bound with all below it', () => {
    const histogram = createHistogram([1, 5]);
    for (const value of [0, 1, 2, 6]) histogram.observe(value);
    expect(renderHistogram('h', 'Help.', [{ labels: { a: 'b' }, histogram }])).toBe(
      [
        '# HELP h Help.',
        '# TYPE h histogram',
        'h_bucket{a="b",le="1"} 2',
        'h_bucket{a="b",le="5"} 3',
        'h_bucket{a="b",le="+Inf"} 4',
        'h_sum{a="b"} 9',
        'h_count{a="b"} 4',
        '',
      ].join('\n'),
    );
  });
});

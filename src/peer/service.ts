import type { ChannelOptions } from '@grpc/grpc-js';

/** The Peer service of peer.proto as grpc-js wants it, and the channel options of both sides. */

export const raftPath = '/quorate.peer.Peer/Raft';
export const snapshotPath = '/quorate.peer.Peer/Snapshot';
export const callPath = '/quorate.peer.Peer/Call';
export const membersPath = '/quorate.peer.Peer/Members';

/** A message of the largest size that is taken: a batch of 2 MiB and the largest request on top have room. */
export const messageSizeBytesMax = 16 * 1024 * 1024;

/** Messages leave and enter gRPC as bytes: our own codec runs where its errors can be answered. */
export function passBytes(bytes: Buffer): Buffer {
  return bytes;
}

const codec = {
  requestSerialize: passBytes,
  requestDeserialize: passBytes,
  responseSerialize: passBytes,
  responseDeserialize: passBytes,
};

export const peerService = {
  raft: { path: raftPath, requestStream: true, responseStream: false, ...codec },
  snapshot: { path: snapshotPath, requestStream: true, responseStream: false, ...codec },
  call: { path: callPath, requestStream: false, responseStream: false, ...codec },
  members: { path: membersPath, requestStream: false, responseStream: false, ...codec },
} as const;

/** A host that is gone without a word is noticed after at most the sum of the two, by pings on either side. */
const keepalive = { 'grpc.keepalive_time_ms': 5_000, 'grpc.keepalive_timeout_ms': 5_000 };

const sizes = {
  'grpc.max_receive_message_length': messageSizeBytesMax,
  'grpc.max_send_message_length': messageSizeBytesMax,
};

/**
 * A channel serves one attempt to connect and is thrown away with it: whoever owns it decides when to try again. So it
 * shares nothing, retries nothing and its own backoff never comes into play.
 */
export const clientOptions: ChannelOptions = {
  ...keepalive,
  ...sizes,
  'grpc.enable_channelz': 0,
  'grpc.enable_http_proxy': 0,
  'grpc.enable_retries': 0,
  'grpc.initial_reconnect_backoff_ms': 50,
  'grpc.max_reconnect_backoff_ms': 1_000,
  'grpc.service_config_disable_resolution': 1,
  'grpc.use_local_subchannel_pool': 1,
};

export const serverOptions: ChannelOptions = {
  ...keepalive,
  ...sizes,
  'grpc.enable_channelz': 0,
  // A peer's Raft stream and its calls: those beyond wait in its own queue.
  'grpc.max_concurrent_streams': 80,
  'grpc.max_connection_idle_ms': 60_000,
};

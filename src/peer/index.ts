export type {
  PeerAddress,
  PeerHandlers,
  PeerIdentity,
  PeerMember,
  PeerNetwork,
  PeerTraffic,
  Refusal,
  SnapshotSink,
} from './types.js';
export { createPeerNetwork } from './network.js';
export type { PeerNetworkOptions } from './network.js';
export type { BackoffRange } from './outbound.js';
export type { QueueBounds } from './outbox.js';
export { isPeerUrl } from './address.js';
export { fetchMembers } from './members.js';
export type { ClusterDescription } from './members.js';

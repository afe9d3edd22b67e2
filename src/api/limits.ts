import type { WatchLimits } from './watch/index.js';

/** Bounds of one member's client side. Sizes in bytes, times in milliseconds. */
export interface ApiLimits extends WatchLimits {
  /** Connections of all client addresses together, gRPC and HTTP; more are closed at once. */
  readonly connectionsMax: number;
  /** Calls that one connection may have open; more wait in the client, as HTTP/2 has it. */
  readonly streamsPerConnectionMax: number;
  /** Calls that all may have open together; beyond it a connection gets no more than the second number. */
  readonly callsMax: number;
  readonly callsPerConnectionMin: number;
  /** A message that has begun, and the one request of a call, has to arrive whole within this. */
  readonly messageTimeoutMs: number;
  /** A request as it arrives: the member's own limit, which is narrower, and room for what wraps it. As etcd. */
  readonly messageSizeBytesMax: number;
  /** Of all calls together: what has arrived of messages that are not whole yet. */
  readonly partialMessagesSizeBytesMax: number;
  /** The same of the calls of one connection. */
  readonly partialMessagesPerConnectionSizeBytesMax: number;
  /** How far a client may be ahead of what was read of one call, and of all calls of its connection. */
  readonly streamWindowSizeBytes: number;
  readonly connectionWindowSizeBytes: number;
  /** With this much of one call waiting for its client, methods stop sending; with the second, the call ends. */
  readonly sendBufferSizeBytes: number;
  readonly sendBufferSizeBytesMax: number;
  /**
   * Of all connections together: answers of calls that have one, which their clients have not taken. Beyond it those go
   * that have waited for longer than the grace, the oldest first; then new ones are refused.
   */
  readonly unreadAnswersSizeBytesMax: number;
  readonly unreadAnswerGraceMs: number;
  /** Headers of one call, as HPACK counts them; a call with more is refused. */
  readonly headersSizeBytesMax: number;
  /** Within this a new connection has to say what it speaks. */
  readonly firstBytesTimeoutMs: number;
  /** TLS handshakes under way at once; one more cuts the oldest. They have as long as the first bytes. */
  readonly handshakesMax: number;
  /** Connections are pinged this often; one that has not answered by the next time is dead. */
  readonly keepaliveIntervalMs: number;
  /** A connection that speaks HTTP/1.1 ends after this long without a request. */
  readonly httpIdleTimeoutMs: number;
  /** A request over HTTP/1.1 has to arrive whole within this; its answer may take longer. */
  readonly httpRequestTimeoutMs: number;
  /** One JSON request, in characters: base64 and names take more than the message. */
  readonly jsonRequestSizeMax: number;
  /** How long `/health` waits for its read. */
  readonly healthTimeoutMs: number;
  /** Streams whose clients insist on a leader are cut when there has been none for three of these. */
  readonly electionTimeoutMs: number;
  /** At a close, calls that still run get this long. */
  readonly closeGraceMs: number;
}

export const defaultApiLimits: ApiLimits = {
  connectionsMax: 10_000,
  streamsPerConnectionMax: 10_000,
  callsMax: 50_000,
  callsPerConnectionMin: 8,
  messageTimeoutMs: 60_000,
  messageSizeBytesMax: 1.5 * 1024 * 1024 + 512 * 1024,
  partialMessagesSizeBytesMax: 256 * 1024 * 1024,
  partialMessagesPerConnectionSizeBytesMax: 64 * 1024 * 1024,
  streamWindowSizeBytes: 256 * 1024,
  connectionWindowSizeBytes: 1024 * 1024,
  sendBufferSizeBytes: 64 * 1024,
  sendBufferSizeBytesMax: 64 * 1024 * 1024,
  unreadAnswersSizeBytesMax: 256 * 1024 * 1024,
  unreadAnswerGraceMs: 2000,
  headersSizeBytesMax: 16 * 1024,
  firstBytesTimeoutMs: 5000,
  handshakesMax: 1000,
  keepaliveIntervalMs: 30_000,
  httpIdleTimeoutMs: 60_000,
  httpRequestTimeoutMs: 60_000,
  jsonRequestSizeMax: 4 * 1024 * 1024,
  watchesPerStreamMax: 100_000,
  watchBacklogSizeBytes: 1024 * 1024,
  watchFragmentSizeBytes: 2 * 1024 * 1024,
  watchProgressIntervalMs: 600_000,
  healthTimeoutMs: 5000,
  electionTimeoutMs: 1000,
  closeGraceMs: 2000,
};

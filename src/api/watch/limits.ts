/** Bounds of one watch stream. */
export interface WatchLimits {
  /** Watches of one stream; more are refused. */
  readonly watchesPerStreamMax: number;
  /**
   * With this much waiting for the client, its watches are parked: they go on from history when it has read on. Nor is
   * another request of the stream read before that.
   */
  readonly watchBacklogSizeBytes: number;
  /** A response larger than this is split, where the client takes that. As etcd: the largest request and room around it. */
  readonly watchFragmentSizeBytes: number;
  /** How often a watch that asks for it is told how far it has come, when nothing happens. */
  readonly watchProgressIntervalMs: number;
}

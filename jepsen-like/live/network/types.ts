/** The machines' network, as far as something can be done to it. What is cut and slow stands in its links. */
export interface Network {
  /** For the help and the report: `proxies`, `network namespaces`. */
  readonly kind: string;
  /** Where the machine of this name listens, and what the others are told. Called once a machine, before it starts. */
  place(name: string): Promise<Place>;
  /** Breaks all connections between machines; null: this network cannot. */
  readonly reset: (() => void) | null;
  close(): Promise<void>;
}

export interface Place {
  /** Of clients and of members. */
  readonly host: string;
  readonly clientPort: number;
  readonly peerPort: number;
  /** What the members tell each other: at least one, and each leads there. */
  readonly advertisedPeerUrls: readonly string[];
  /** What the command of its process begins with. */
  readonly commandPrefix: readonly string[];
}

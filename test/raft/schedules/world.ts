import type { Message, NodeId, SnapshotMeta } from '../../../src/raft/index.js';
import type { Build } from './build.js';
import type { History } from './history.js';
import type { Marks } from './marks.js';
import type { Member } from './member.js';
import type { Scenario } from './scenario.js';

/** What the members of one cluster share. */
export interface World {
  readonly scenario: Scenario;
  readonly build: Build;
  readonly history: History;
  readonly marks: Marks;
  readonly members: Member[];
  readonly byId: Map<NodeId, Member>;
  send(from: Member, message: Message): void;
  /** Sends a snapshot of `from`'s state machine beside the messages. */
  stream(from: Member, to: NodeId, meta: SnapshotMeta): void;
  /** Tells the story of a failing schedule; null while nobody listens. */
  readonly tell: ((line: string) => void) | null;
}

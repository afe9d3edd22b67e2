import { etcdserverpb } from '../../src/gen/protos.js';
import type { MemberNote } from '../history/index.js';
import type { Machine } from './machines/index.js';
import type { Transport } from '../store/index.js';

/** Asks all members again and again how they are. */
export interface MemberWatch {
  /** The machine whose member leads by its own word, in the highest term; null: none says so. */
  readonly leader: string | null;
  /** Whenever something changed; how far they have come about once a second. */
  readonly notes: readonly MemberNote[];
  close(): Promise<void>;
}

export interface MemberWatchOptions {
  readonly machines: () => readonly Machine[];
  readonly transport: Transport;
  readonly nowUs: () => number;
}

const everyMs = 150;
const answerTimeoutMs = 400;

export function watchMembers({ machines, transport, nowUs }: MemberWatchOptions): MemberWatch {
  const latest = new Map<string, MemberNote>();
  const notes: MemberNote[] = [];
  let isClosed = false;

  async function ask(name: string): Promise<void> {
    const note = await noteOf(name);
    const before = latest.get(name);
    latest.set(name, note);
    const isNews =
      before?.role !== note.role ||
      before.term !== note.term ||
      (before.commitIndex !== note.commitIndex && note.atUs - (notes.at(-1)?.atUs ?? 0) > 1_000_000);
    if (isNews) notes.push(note);
  }

  async function noteOf(name: string): Promise<MemberNote> {
    try {
      const path = '/etcdserverpb.Maintenance/Status';
      const message = etcdserverpb.StatusRequest.encode({}).finish();
      const answer = await transport.call(name, path, message, { timeoutMs: answerTimeoutMs, token: null });
      const status = etcdserverpb.StatusResponse.decode(answer);
      const isLeader = String(status.leader) === String(status.header?.memberId);
      return {
        atUs: nowUs(),
        member: name,
        role: status.isLearner ? 'learner' : isLeader ? 'leader' : 'follower',
        term: Number(status.raftTerm),
        commitIndex: Number(status.raftIndex),
      };
    } catch {
      const before = latest.get(name);
      return {
        atUs: nowUs(),
        member: name,
        role: 'down',
        term: before?.term ?? 0,
        commitIndex: before?.commitIndex ?? 0,
      };
    }
  }

  async function watch(): Promise<void> {
    while (!isClosed) {
      await Promise.all(machines().map(({ name }) => ask(name)));
      await new Promise((resolve) => setTimeout(resolve, everyMs));
    }
  }

  const watching = watch();
  return {
    get leader() {
      const leaders = [...latest.values()].filter(({ role }) => role === 'leader');
      leaders.sort((a, b) => b.term - a.term);
      return leaders[0]?.member ?? null;
    },
    notes,
    async close() {
      isClosed = true;
      await watching;
    },
  };
}

import type { Inside } from '../../src/member/index.js';
import type { Configuration, Message } from '../../src/raft/index.js';
import type { Host } from './host.js';

/** A promise of the store that was broken. */
export class Violation extends Error {
  override readonly name = 'Violation';
  readonly invariant: string;
  /** How it was broken. */
  readonly detail: string;

  constructor(invariant: string, detail: string) {
    super(`${invariant}: ${detail}`);
    this.invariant = invariant;
    this.detail = detail;
  }
}

/** How a member is, as somebody inside sees it. */
export interface MemberView {
  readonly role: string;
  readonly term: number;
  readonly commitIndex: number;
}

/** What must hold at every step, seen from inside of all members at once. */
export interface Invariants {
  /** A process has begun to serve. */
  began(host: Host, inside: Inside): void;
  ended(host: Host): void;
  /** Hands messages to the network. */
  sent(host: Host, messages: readonly Message[]): void;
  /** After each step. Throws a Violation. */
  check(host: Host): void;
  view(host: Host): MemberView | null;
  /** The latest in its log; null: it does not serve. */
  configuration(host: Host): Configuration | null;
  /** Highest index that some member has applied. */
  readonly appliedIndex: number;
}

interface Watched {
  readonly inside: Inside;
  term: number;
  commitIndex: number;
  appliedIndex: number;
  revision: number;
}

export interface Witness {
  /** Its role, its term or its leader is another. */
  readonly onChange: (host: Host, view: MemberView) => void;
  /** It knows more to be committed. Often. */
  readonly onCommit: (host: Host) => void;
}

export function createInvariants({ onChange, onCommit }: Witness): Invariants {
  const watched = new Map<Host, Watched>();
  /** Who led in which term (election safety, Raft figure 3). */
  const leaders = new Map<number, string>();
  /** What the entry at an index was and did, as the first member that applied it saw it. */
  const applied: string[] = [];
  const roles = new Map<Host, string>();
  /** Whom each has voted for last, as it told others. */
  const votes = new Map<Host, { readonly term: number; readonly candidate: string }>();
  /** How far the log of each was durable when its process ended. */
  const durable = new Map<Host, number>();
  /** An observer may not throw: what it finds is told at the end of the step. */
  const found: Violation[] = [];

  function fail(invariant: string, message: string): void {
    found.push(new Violation(invariant, message));
  }

  function raise(): void {
    const [first] = found;
    if (first !== undefined) throw first;
  }

  function agree(host: Host, index: number, what: string): void {
    const known = applied[index];
    if (known === undefined) applied[index] = what;
    else if (known !== what)
      fail('state machine safety', `${host.name} applies at ${index} “${what}”, another “${known}”`);
  }

  /** Raft, figure 2: what a member has told to be durable is in its log when it starts again. */
  function demandDurable(host: Host, inside: Inside): void {
    const index = durable.get(host) ?? 0;
    const { last } = inside.core.status();
    if (last.index < index && !host.mayForget)
      fail(
        'what was durable stays',
        `${host.name} had its log up to ${index}, and comes back with ${last.index}`,
      );
  }

  /** Raft, section 5.2: one vote a term. */
  function noteVote(host: Host, term: number, candidate: string): void {
    const before = votes.get(host);
    if (before?.term === term && before.candidate !== candidate && !host.mayForget)
      fail(
        'one vote a term',
        `${host.name} votes in term ${term} for ${before.candidate} and for ${candidate}`,
      );
    votes.set(host, { term, candidate });
  }

  return {
    began(host, inside) {
      const state: Watched = { inside, term: 0, commitIndex: 0, appliedIndex: 0, revision: 0 };
      watched.set(host, state);
      demandDurable(host, inside);
      inside.observe({
        applied(proposal, outcome) {
          const machine = inside.machine();
          const { index, term } = machine.applied;
          const what = outcome.ok ? outcome.value.type : outcome.error;
          agree(host, index, `${term} ${proposal.command.type} ${what} ${machine.revision}`);
        },
        membershipApplied({ index, term }, { configuration }) {
          const { voters, outgoing, learners } = configuration;
          agree(host, index, `${term} ${voters.join()}/${outgoing.join()}/${learners.join()}`);
        },
        stateReplaced() {
          state.appliedIndex = 0;
          state.revision = 0;
        },
      });
    },
    ended(host) {
      const state = watched.get(host);
      if (state === undefined) return;
      durable.set(host, state.inside.core.status().persisted);
      watched.delete(host);
      roles.delete(host);
      onChange(host, { role: 'down', term: 0, commitIndex: 0 });
    },
    sent(host, messages) {
      for (const message of messages) {
        // Who asks for votes has its own.
        if (message.type === 'vote') noteVote(host, message.term, message.from);
        if (message.type === 'vote-response' && message.granted) noteVote(host, message.term, message.to);
      }
    },
    check(host) {
      raise();
      const state = watched.get(host);
      if (state === undefined) return;
      const { core } = state.inside;
      const { role, term, commit, leader } = core;
      const machine = state.inside.machine();
      const appliedIndex = machine.applied.index;
      if (term < state.term) fail('terms grow', `${host.name} goes from term ${state.term} back to ${term}`);
      if (commit < state.commitIndex)
        fail('commit grows', `${host.name} takes back a commit: ${state.commitIndex} becomes ${commit}`);
      if (appliedIndex > commit)
        fail('only what is committed is applied', `${host.name} has applied ${appliedIndex} of ${commit}`);
      if (appliedIndex < state.appliedIndex || machine.revision < state.revision)
        fail(
          'revisions grow',
          `${host.name} goes back from revision ${state.revision} to ${machine.revision}`,
        );
      if (role === 'leader') {
        const known = leaders.get(term);
        if (known === undefined) leaders.set(term, host.name);
        else if (known !== host.name)
          fail('election safety', `${known} and ${host.name} both lead in term ${term}`);
      }
      const look = `${role} ${term} ${leader ?? ''}`;
      if (roles.get(host) !== look) {
        roles.set(host, look);
        onChange(host, { role, term, commitIndex: commit });
      } else if (commit > state.commitIndex) onCommit(host);
      state.term = term;
      state.commitIndex = commit;
      state.appliedIndex = appliedIndex;
      state.revision = machine.revision;
      raise();
    },
    view(host) {
      const state = watched.get(host);
      if (state === undefined) return null;
      const { role, term, commit } = state.inside.core;
      return { role, term, commitIndex: commit };
    },
    configuration: (host) => watched.get(host)?.inside.core.status().configuration ?? null,
    get appliedIndex() {
      return applied.length - 1;
    },
  };
}

import type { Message, NodeId, Rejection, SnapshotMeta } from '../../../src/raft/index.js';
import { soundBuild } from './build.js';
import type { Build } from './build.js';
import { createHistory } from './history.js';
import type { Marks } from './marks.js';
import { Member } from './member.js';
import { Network } from './network.js';
import type { Parcel } from './network.js';
import { checkPromise } from './properties.js';
import type { Scenario } from './scenario.js';
import { oldestLeader } from './step.js';
import { printMessage } from './story.js';
import { Violation } from './violation.js';
import type { World } from './world.js';

/** Deliveries in a row until nothing is on its way. More means that messages breed messages for ever. */
const settlePassesMax = 200;

export interface ClusterOptions {
  readonly scenario: Scenario;
  readonly marks: Marks;
  readonly build?: Build;
  readonly tell?: ((line: string) => void) | null;
}

/** Some members and the network between them; every step is checked as it happens. */
export class Cluster {
  readonly world: World;
  readonly members: Member[] = [];
  readonly network = new Network();
  private commands = 0;

  constructor(options: ClusterOptions) {
    const { scenario, marks } = options;
    const ids = Array.from({ length: scenario.members }, (_, index) => `n${String(index + 1)}`);
    const founders = scenario.voters + scenario.learners;
    const genesis: SnapshotMeta = {
      index: scenario.genesis,
      term: scenario.genesis === 0 ? 0 : 1,
      configuration: {
        voters: ids.slice(0, scenario.voters),
        outgoing: [],
        learners: ids.slice(scenario.voters, founders),
        learnersNext: [],
      },
    };
    this.world = {
      scenario,
      marks,
      build: options.build ?? soundBuild,
      history: createHistory(genesis),
      members: this.members,
      byId: new Map(),
      send: (from, message) => {
        this.send(from, message);
      },
      stream: (from, to, meta) => {
        this.stream(from, to, meta);
      },
      tell: options.tell ?? null,
    };
    for (let index = 0; index < scenario.members; index++) {
      const knowsGenesis = scenario.genesis === 0 || index < founders;
      const member = new Member(this.world, index, knowsGenesis ? genesis : nothing);
      this.members.push(member);
      this.world.byId.set(member.id, member);
    }
    for (const member of this.members) member.start();
  }

  /** The living leader of the newest term. */
  leader(): Member | null {
    return this.leaders().at(-1) ?? null;
  }

  /** All that lead, or still think so, by their terms. */
  private leaders(): Member[] {
    return this.members.filter(({ role }) => role === 'leader').sort((one, other) => one.term - other.term);
  }

  /** Everybody ticks, and then all is delivered and done. */
  round(): void {
    for (const member of this.members) if (!member.isPaused) member.step({ type: 'tick' });
    this.settle();
    this.assertInvariants();
  }

  assertInvariants(): void {
    for (const member of this.members) member.assertInvariants();
  }

  /** Delivers and works until nothing is left to do. */
  settle(): void {
    for (let pass = 0; pass < settlePassesMax; pass++) {
      for (const member of this.members) if (!member.isPaused) member.work();
      const parcels = this.network.takeAll((it) => !this.network.isHeld(it) && !this.pick(it.to).isPaused);
      if (parcels.length === 0) return;
      for (const parcel of parcels) this.deliver(parcel);
    }
    throw new Violation('liveness', 'messages breed messages for ever');
  }

  /** A few new commands; each has a number of its own as its content. */
  propose(member: Member, count: number): Rejection | null {
    const commands = Array.from({ length: count }, () => {
      const command = new Uint8Array(4);
      new DataView(command.buffer).setUint32(0, ++this.commands);
      return command;
    });
    const rejection = member.step({ type: 'propose', commands });
    if (rejection === 'too-many-uncommitted') this.world.marks['proposal refused for its size']++;
    return rejection;
  }

  heal(): void {
    this.network.heal();
    for (const member of this.members) member.isPaused = false;
  }

  /** The node that a step's number means. */
  pick(number: number): Member {
    const { members } = this;
    const leaders = number < 0 ? this.leaders() : [];
    const member =
      number < 0
        ? (leaders.at(number === oldestLeader ? 0 : -1) ?? members[0])
        : members[number % members.length];
    if (member === undefined) throw new Error('a cluster has members');
    return member;
  }

  /** Returns who got it. What reaches a node that is down is lost. */
  deliver(parcel: Parcel): Member | null {
    const to = this.pick(parcel.to);
    if (to.core === null) {
      this.lose(parcel);
      return null;
    }
    if (parcel.type === 'news') {
      if (to.incarnation === parcel.incarnation) to.step(parcel.event);
      return to;
    }
    const { message, stream, from } = parcel;
    const { marks } = this.world;
    if (message.type === 'timeout-now') to.toldToCampaignIn = message.term;
    if (message.type === 'snapshot' && message.meta.index <= to.commit) marks['snapshot was stale']++;
    this.network.remember(parcel);
    to.step({ type: 'message', message });
    if (stream > 0) this.report(from, to.id, stream, true);
    return to;
  }

  lose(parcel: Parcel): void {
    if (parcel.type === 'news' || parcel.stream === 0) return;
    this.world.marks['snapshot lost']++;
    this.report(parcel.from, parcel.message.to, parcel.stream, false);
  }

  private report(sender: number, peer: NodeId, incarnation: number, ok: boolean): void {
    this.post({ type: 'news', to: sender, incarnation, event: { type: 'snapshot-status', peer, ok } });
  }

  post(parcel: Parcel): void {
    const overflow = this.network.add(parcel);
    if (overflow !== null) this.lose(overflow);
  }

  private send(from: Member, message: Message): void {
    const { marks, history, byId, tell } = this.world;
    tell?.(`    ${printMessage(message)}`);
    checkPromise(history, from, message);
    const to = byId.get(message.to);
    if (to === undefined || to === from || message.from !== from.id) {
      throw new Violation('the Ready contract', `${from.id} sends ${printMessage(message)}`);
    }
    if (message.type === 'vote-response' && !message.granted) marks['vote refused']++;
    if (message.type === 'pre-vote-response' && !message.granted) marks['pre-vote refused']++;
    if (message.type === 'append-response' && message.conflict !== null) marks['append refused']++;
    if (message.type === 'propose') marks['proposal forwarded']++;
    if (this.network.isCut(from.index, to.index)) return;
    this.post({ type: 'message', from: from.index, to: to.index, message, stream: 0 });
  }

  private stream(from: Member, peer: NodeId, meta: SnapshotMeta): void {
    const { marks, byId, tell } = this.world;
    const to = byId.get(peer);
    if (to === undefined) throw new Violation('the Ready contract', `${from.id} streams to ${peer}`);
    marks['snapshot sent']++;
    const message: Message = { type: 'snapshot', from: from.id, to: peer, term: from.term, meta };
    tell?.(`    ${printMessage(message)}`);
    const parcel: Parcel = {
      type: 'message',
      from: from.index,
      to: to.index,
      message,
      stream: from.incarnation,
    };
    if (this.network.isCut(from.index, to.index)) this.lose(parcel);
    else this.post(parcel);
  }
}

/** What a node that is to join knows: nothing. */
const nothing: SnapshotMeta = {
  index: 0,
  term: 0,
  configuration: { voters: [], outgoing: [], learners: [], learnersNext: [] },
};

import { emptyBytes } from '../../../src/base/index.js';
import type { ConfigurationStep, Message, NodeId, Rejection, SnapshotMeta } from '../../../src/raft/index.js';
import { soundBuild } from './build.js';
import type { Build } from './build.js';
import { createHistory } from './history.js';
import type { Marks } from './marks.js';
import { Member } from './member.js';
import { Network } from './network.js';
import type { Parcel } from './network.js';
import { checkPromise } from './properties.js';
import type { Scenario } from './scenario.js';
import { oldestLeader, printStep } from './step.js';
import type { Diligence, Step } from './step.js';
import { printMessage } from './story.js';
import { unreachable } from '../../../src/base/index.js';
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
  private readonly network = new Network();
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

  /** Does one step of a schedule. Throws a Violation, or whatever a core throws. */
  perform(step: Step): void {
    this.world.tell?.(`> ${printStep(step)}`);
    const touched = this.act(step);
    if (touched !== null) this.goOn(touched, step.then);
    for (const member of this.members) member.assertInvariants();
  }

  private act(step: Step): Member | null {
    const { a, b, then } = step;
    const { marks } = this.world;
    switch (step.kind) {
      case 'rounds':
        for (let round = 0; round < b % 200; round++) this.round();
        return null;
      case 'deliver':
        return this.deliverAt(a);
      case 'drop':
        this.dropAt(a);
        return null;
      case 'duplicate':
        this.duplicateAt(a);
        return null;
      case 'split':
        this.split(b);
        return null;
      case 'heal':
        this.heal();
        return null;
      default:
    }
    const member = this.pick(a);
    const peer = this.pick(b);
    switch (step.kind) {
      case 'tick':
        member.step({ type: 'tick' });
        break;
      case 'elapse':
        for (let tick = 0; tick <= b % (this.world.scenario.electionTicks * 2); tick++) {
          member.step({ type: 'tick' });
          this.goOn(member, then);
        }
        break;
      case 'campaign':
        member.step({ type: 'campaign' });
        break;
      case 'receive':
        this.receive(member, b % 4);
        break;
      case 'lose':
        for (const parcel of this.network.takeAll((it) => it.to === member.index && it.type === 'message')) {
          this.lose(parcel);
        }
        break;
      case 'propose':
        this.propose(member, 1 + (b % 3));
        break;
      case 'read':
        member.read();
        break;
      case 'take':
        member.take();
        return null;
      case 'persist':
        member.persist(1 + (b % 3));
        return null;
      case 'work':
        member.work();
        return null;
      case 'apply':
        member.apply(1 + (b % 3));
        return null;
      case 'flush':
        member.flush();
        return null;
      case 'crash':
        this.crash(member, b);
        return null;
      case 'restart':
        if (member.core === null) member.start();
        break;
      case 'compact':
        member.compact(b % 4);
        break;
      case 'pause':
        member.isPaused = !member.isPaused;
        return null;
      case 'cut':
        this.network.cut(member.index, peer.index);
        return null;
      case 'isolate':
        for (const other of this.members) this.cutBoth(member, other);
        return null;
      case 'transfer':
        if (member.step({ type: 'transfer-leadership', to: peer.id }) !== null) marks['transfer refused']++;
        break;
      case 'change':
        this.change(member, [this.changeStep(Math.floor(b / 3), b % 3)]);
        break;
      case 'joint':
        this.change(member, this.jointSteps(b));
        break;
      case 'connection-lost':
        member.step({ type: 'connection-lost', peer: peer.id });
        break;
      case 'unreachable':
        member.step({ type: 'unreachable', peer: peer.id });
        break;
      default:
        unreachable(step.kind);
    }
    return member;
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

  private goOn(member: Member, then: Diligence): void {
    if (then === 'work') member.work();
    else if (then === 'take') member.take();
  }

  private pick(number: number): Member {
    const { members } = this;
    const leaders = number < 0 ? this.leaders() : [];
    const member =
      number < 0
        ? (leaders.at(number === oldestLeader ? 0 : -1) ?? members[0])
        : members[number % members.length];
    if (member === undefined) throw new Error('a cluster has members');
    return member;
  }

  private crash(member: Member, how: number): void {
    if (member.core === null) return;
    if ((how & 4) > 0) this.receive(member, 0);
    member.take();
    if ((how & 8) > 0) {
      member.apply(member.applyCount);
      member.flush();
    }
    member.crash(how % 4);
  }

  private receive(member: Member, how: number): void {
    const parcels = this.network.takeAll((it) => it.to === member.index && !this.network.isHeld(it));
    if (how % 2 === 1) parcels.reverse();
    const [first, ...rest] = parcels;
    if (first !== undefined) this.deliver(first);
    for (const parcel of rest) {
      if (how >= 2) this.network.add(parcel);
      else this.deliver(parcel);
    }
  }

  private deliverAt(number: number): Member | null {
    const place = this.network.placeOf(number);
    const parcel = place === null ? undefined : this.network.parcels[place];
    if (place === null || parcel === undefined || this.network.isHeld(parcel)) return null;
    this.network.takeAt(place);
    return this.deliver(parcel);
  }

  /** Returns who got it. What reaches a node that is down is lost. */
  private deliver(parcel: Parcel): Member | null {
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
    to.step({ type: 'message', message });
    if (stream > 0) this.report(from, to.id, stream, true);
    return to;
  }

  private lose(parcel: Parcel): void {
    if (parcel.type === 'news' || parcel.stream === 0) return;
    this.world.marks['snapshot lost']++;
    this.report(parcel.from, parcel.message.to, parcel.stream, false);
  }

  private report(sender: number, peer: NodeId, incarnation: number, ok: boolean): void {
    this.post({ type: 'news', to: sender, incarnation, event: { type: 'snapshot-status', peer, ok } });
  }

  private post(parcel: Parcel): void {
    const overflow = this.network.add(parcel);
    if (overflow !== null) this.lose(overflow);
  }

  private dropAt(number: number): void {
    const place = this.network.placeOf(number);
    if (place === null || this.network.parcels[place]?.type === 'news') return;
    const parcel = this.network.takeAt(place);
    if (parcel !== null) this.lose(parcel);
  }

  private duplicateAt(number: number): void {
    const place = this.network.placeOf(number);
    const parcel = place === null ? undefined : this.network.parcels[place];
    if (parcel?.type !== 'message') return;
    if (parcel.message.type === 'snapshot') this.world.marks['snapshot duplicated']++;
    this.post({ ...parcel, stream: 0 });
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

  private split(sides: number): void {
    for (const one of this.members) {
      for (const other of this.members) {
        if (((sides >> one.index) & 1) !== ((sides >> other.index) & 1)) this.cutBoth(one, other);
      }
    }
  }

  private cutBoth(one: Member, other: Member): void {
    this.network.cut(one.index, other.index);
    this.network.cut(other.index, one.index);
  }

  private change(member: Member, steps: readonly ConfigurationStep[]): void {
    if (steps.length === 0) return;
    const rejection = member.step({
      type: 'propose-configuration',
      change: { type: 'change', steps, context: emptyBytes },
    });
    if (rejection !== null) this.world.marks['configuration change refused']++;
  }

  private changeStep(node: number, what: number): ConfigurationStep {
    const { id } = this.pick(node);
    if (what === 0) return { type: 'add-voter', node: id };
    return { type: what === 1 ? 'add-learner' : 'remove', node: id };
  }

  private jointSteps(choices: number): ConfigurationStep[] {
    return this.members.flatMap(({ index }) => {
      const choice = (choices >> (index * 2)) & 3;
      return choice === 0 ? [] : [this.changeStep(index, choice - 1)];
    });
  }
}

/** What a node that is to join knows: nothing. */
const nothing: SnapshotMeta = {
  index: 0,
  term: 0,
  configuration: { voters: [], outgoing: [], learners: [], learnersNext: [] },
};

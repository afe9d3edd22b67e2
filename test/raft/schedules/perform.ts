import { emptyBytes } from '../../../src/base/index.js';
import type { ConfigurationStep, Event } from '../../../src/raft/index.js';
import type { Cluster } from './cluster.js';
import type { Member } from './member.js';
import { printStep } from './step.js';
import type { Diligence, Step, StepKind } from './step.js';

const roundsMax = 200;

/** Does one step of a schedule. Throws a Violation, or whatever a core throws. */
export function perform(cluster: Cluster, step: Step): void {
  cluster.world.tell?.(`> ${printStep(step)}`);
  const touched = acts[step.kind](cluster, step);
  if (touched !== null) goOn(touched, step.then);
  cluster.assertInvariants();
}

function goOn(member: Member, then: Diligence): void {
  if (then === 'work') member.work();
  else if (then === 'take') member.take();
}

/** Answers whose turn it is afterwards, if anybody's. What the steps mean is told in step.ts. */
type Act = (cluster: Cluster, step: Step) => Member | null;

const acts: Readonly<Record<StepKind, Act>> = {
  rounds(cluster, { b }) {
    for (let round = 0; round < b % roundsMax; round++) cluster.round();
    return null;
  },
  tick: event(() => ({ type: 'tick' })),
  elapse: touching((member, { b, then }, cluster) => {
    for (let tick = 0; tick <= b % (cluster.world.scenario.electionTicks * 2); tick++) {
      member.step({ type: 'tick' });
      goOn(member, then);
    }
  }),
  campaign: event(() => ({ type: 'campaign' })),
  deliver(cluster, { a }) {
    const place = cluster.network.placeOf(a);
    const parcel = place === null ? undefined : cluster.network.parcels[place];
    if (place === null || parcel === undefined || cluster.network.isHeld(parcel)) return null;
    cluster.network.takeAt(place);
    return cluster.deliver(parcel);
  },
  receive: touching(receive),
  drop(cluster, { a }) {
    const place = cluster.network.placeOf(a);
    if (place === null || cluster.network.parcels[place]?.type === 'news') return null;
    const parcel = cluster.network.takeAt(place);
    if (parcel !== null) cluster.lose(parcel);
    return null;
  },
  duplicate(cluster, { a }) {
    const place = cluster.network.placeOf(a);
    const parcel = place === null ? undefined : cluster.network.parcels[place];
    if (parcel?.type !== 'message') return null;
    if (parcel.message.type === 'snapshot') cluster.world.marks['snapshot duplicated']++;
    cluster.post({ ...parcel, stream: 0 });
    return null;
  },
  echo(cluster, { a }) {
    const parcel = cluster.network.echo(a);
    if (parcel?.type !== 'message') return null;
    if (parcel.message.type === 'snapshot') cluster.world.marks['snapshot duplicated']++;
    return cluster.deliver({ ...parcel, stream: 0 });
  },
  lose: quietly((member, _step, cluster) => {
    for (const parcel of cluster.network.takeAll((it) => it.to === member.index && it.type === 'message')) {
      cluster.lose(parcel);
    }
  }),
  propose: touching((member, { b }, cluster) => {
    cluster.propose(member, 1 + (b % 3));
  }),
  read: touching((member) => {
    member.read();
  }),
  take: quietly((member) => {
    member.take();
  }),
  persist: quietly((member, { b }) => {
    member.persist(1 + (b % 3));
  }),
  work: quietly((member) => {
    member.work();
  }),
  apply: quietly((member, { b }) => {
    member.apply(1 + (b % 3));
  }),
  flush: quietly((member) => {
    member.flush();
  }),
  crash: quietly(crash),
  restart: touching((member) => {
    if (member.core === null) member.start();
  }),
  compact: touching((member, { b }) => {
    member.compact(b % 4);
  }),
  pause: quietly((member) => {
    member.isPaused = !member.isPaused;
  }),
  cut: quietly((member, { b }, cluster) => {
    cluster.network.cut(member.index, cluster.pick(b).index);
  }),
  isolate: quietly((member, _step, cluster) => {
    for (const other of cluster.members) cutBoth(cluster, member, other);
  }),
  split(cluster, { b }) {
    const sideOf = (member: Member): number => (b >> member.index) & 1;
    for (const one of cluster.members) {
      for (const other of cluster.members) if (sideOf(one) !== sideOf(other)) cutBoth(cluster, one, other);
    }
    return null;
  },
  heal(cluster) {
    cluster.heal();
    return null;
  },
  transfer: touching((member, { b }, cluster) => {
    const rejection = member.step({ type: 'transfer-leadership', to: cluster.pick(b).id });
    if (rejection !== null) cluster.world.marks['transfer refused']++;
  }),
  change: touching((member, { b }, cluster) => {
    change(cluster, member, [changeStep(cluster, Math.floor(b / 3), b % 3)]);
  }),
  joint: touching((member, { b }, cluster) => {
    const choices = cluster.members.map(({ index }) => ({ index, choice: (b >> (index * 2)) & 3 }));
    const taken = choices.filter(({ choice }) => choice > 0);
    const steps = taken.map(({ index, choice }) => changeStep(cluster, index, choice - 1));
    if (steps.length > 0) change(cluster, member, steps);
  }),
  'connection-lost': event(({ b }, cluster) => ({ type: 'connection-lost', peer: cluster.pick(b).id })),
  unreachable: event(({ b }, cluster) => ({ type: 'unreachable', peer: cluster.pick(b).id })),
};

type MemberAct = (member: Member, step: Step, cluster: Cluster) => void;

/** Done to node a, which goes on as the step says. */
function touching(act: MemberAct): Act {
  return (cluster, step) => {
    const member = cluster.pick(step.a);
    act(member, step, cluster);
    return member;
  };
}

/** Done to node a, which does nothing more. */
function quietly(act: MemberAct): Act {
  return (cluster, step) => {
    act(cluster.pick(step.a), step, cluster);
    return null;
  };
}

function event(make: (step: Step, cluster: Cluster) => Event): Act {
  return touching((member, step, cluster) => {
    member.step(make(step, cluster));
  });
}

function receive(member: Member, { b }: Pick<Step, 'b'>, cluster: Cluster): void {
  const { network } = cluster;
  const parcels = network.takeAll((it) => it.to === member.index && !network.isHeld(it));
  if (b % 2 === 1) parcels.reverse();
  const [first, ...rest] = parcels;
  if (first !== undefined) cluster.deliver(first);
  for (const parcel of rest) {
    if (b % 4 >= 2) cluster.post(parcel);
    else cluster.deliver(parcel);
  }
}

function crash(member: Member, { b }: Step, cluster: Cluster): void {
  if (member.core === null) return;
  if ((b & 4) > 0) receive(member, { b: 0 }, cluster);
  member.take();
  if ((b & 8) > 0) {
    member.apply(member.applyCount);
    member.flush();
  }
  member.crash(b % 4);
}

function cutBoth(cluster: Cluster, one: Member, other: Member): void {
  cluster.network.cut(one.index, other.index);
  cluster.network.cut(other.index, one.index);
}

function change(cluster: Cluster, member: Member, steps: readonly ConfigurationStep[]): void {
  const rejection = member.step({
    type: 'propose-configuration',
    change: { type: 'change', steps, context: emptyBytes },
  });
  if (rejection !== null) cluster.world.marks['configuration change refused']++;
}

function changeStep(cluster: Cluster, node: number, what: number): ConfigurationStep {
  const { id } = cluster.pick(node);
  if (what === 0) return { type: 'add-voter', node: id };
  return { type: what === 1 ? 'add-learner' : 'remove', node: id };
}

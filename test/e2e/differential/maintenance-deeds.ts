import type { Random } from '../../../src/base/index.js';
import type { Fields } from './answer.js';
import { pick } from './choice.js';
import type { Deed } from './deeds.js';
import type { Run } from './run.js';

export const maintenanceDeeds: readonly Deed[] = [
  { weight: 3, perform: hash },
  { weight: 2, perform: status },
  { weight: 2, perform: alarm },
  { weight: 1, perform: members },
  { weight: 1, perform: defragment },
];

const none = 'NONE';

/** Equal content has equal hashes, at every revision that is left. */
async function hash(run: Run, random: Random): Promise<void> {
  const { model } = run;
  // Ids that the servers chose are part of what is hashed; nothing is attached to those leases.
  const revision = random.chance(0.5) ? 0 : Math.max(1, model.revision - random.below(12) + 1);
  await run.call(random, 'Maintenance/HashKV', () => ({ revision }), {
    without: ({ hashRevision: _, ...fields }) => fields,
    overGrpc: true,
  });
}

/** Sizes, terms and indexes are each system's own, and who leads is chance. */
async function status(run: Run, random: Random): Promise<void> {
  await run.call(random, 'Maintenance/Status', () => ({}), {
    without: ({ header, version, errors, isLearner }) => ({ header, version, errors, isLearner }),
    overGrpc: true,
    mayLag: true,
  });
}

async function alarm(run: Run, random: Random): Promise<void> {
  const { model } = run;
  const isRaised = model.alarms.size > 0;
  const action =
    isRaised && random.chance(0.6) ? 'DEACTIVATE' : pick(random, ['GET', 'ACTIVATE', 'DEACTIVATE']);
  const kind =
    isRaised && action === 'DEACTIVATE' ? pick(random, [...model.alarms]) : pick(random, ['NOSPACE', none]);
  const member = random.below(run.reference.memberIds.length);
  // An alarm of no kind and of nobody, once raised, ends all members of etcd 3.4.
  const isEverybody = random.chance(0.3) && !(action === 'ACTIVATE' && kind === none);
  const told = await run.call(
    random,
    'Maintenance/Alarm',
    (side) => ({ action, memberID: isEverybody ? '0' : side.memberIds[member], alarm: kind }),
    { mayLag: action === 'GET' },
  );
  if (!told.ok) return;
  if (action === 'ACTIVATE' && kind !== none) model.alarms.add(kind);
  if (action === 'GET') syncAlarms(run, told.fields);
  // What is left, the list tells: an alarm is one member's.
  const left = await run.call(random, 'Maintenance/Alarm', () => ({ action: 'GET' }), { mayLag: true });
  if (left.ok) syncAlarms(run, left.fields);
}

function syncAlarms({ model }: Run, fields: Fields): void {
  const { alarms = [] } = fields as { readonly alarms?: readonly { readonly alarm?: string }[] };
  model.alarms.clear();
  for (const { alarm: kind } of alarms) if (kind !== undefined) model.alarms.add(kind);
}

/** The clusters have not the same size. */
async function members(run: Run, random: Random): Promise<void> {
  await run.call(random, 'Cluster/MemberList', () => ({}), {
    without: ({ header }) => ({ header }),
    overGrpc: true,
  });
}

async function defragment(run: Run, random: Random): Promise<void> {
  if (random.chance(0.1)) await run.call(random, 'Maintenance/Defragment', () => ({}));
}

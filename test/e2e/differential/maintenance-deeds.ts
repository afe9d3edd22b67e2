import type { Random } from '../../../src/base/index.js';
import type { Fields } from './answer.js';
import { pick } from './choice.js';
import type { Deed } from './deeds.js';
import { asRoot } from './model.js';
import type { Run } from './run.js';

export const maintenanceDeeds: readonly Deed[] = [
  { weight: 3, perform: hash },
  { weight: 2, perform: status },
  { weight: 2, perform: alarm },
  { weight: 1, perform: members },
  { weight: 1, perform: defragment },
];

/** Equal content has equal hashes, at every revision that is left. */
async function hash(run: Run, random: Random): Promise<void> {
  const { model } = run;
  // Ids that the servers chose are part of what is hashed; nothing is attached to those leases.
  const revision = random.chance(0.5) ? 0 : Math.max(1, model.revision - random.below(12) + 1);
  await run.call(random, 'Maintenance/HashKV', () => ({ revision }), {
    without: (fields) => ({ ...fields, hashRevision: 'told by later ones' }),
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
    isRaised && random.chance(0.6)
      ? 'DEACTIVATE'
      : pick(random, ['GET', model.isAuthEnabled ? 'GET' : 'ACTIVATE', 'DEACTIVATE']);
  const kind =
    action === 'ACTIVATE'
      ? 'NOSPACE'
      : isRaised && action === 'DEACTIVATE'
        ? pick(random, [...model.alarms])
        : pick(random, ['NOSPACE', 'NONE']);
  const member = random.below(run.reference.memberIds.length);
  const isEverybody = random.chance(0.3);
  const told = await run.call(
    random,
    'Maintenance/Alarm',
    (side) => ({ action, memberID: isEverybody ? '0' : side.memberIds[member], alarm: kind }),
    { mayLag: action === 'GET', as: asRoot(model) },
  );
  if (!told.ok) return;
  if (action === 'ACTIVATE') model.alarms.add(kind);
  if (action === 'GET') syncAlarms(run, told.fields);
  // What is left, the list tells: an alarm is one member's.
  const left = await run.call(random, 'Maintenance/Alarm', () => ({ action: 'GET' }), {
    mayLag: true,
    as: asRoot(model),
  });
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

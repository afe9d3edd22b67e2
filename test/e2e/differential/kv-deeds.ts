import fc from 'fast-check';
import Long from 'long';
import { at } from '../../../src/base/index.js';
import type { Random } from '../../../src/base/index.js';
import type { Told } from './answer.js';
import type { Deed } from './deeds.js';
import { asRoot } from './model.js';
import { encode, hasBackwardRange, hasNestedPut, isForRoot, mayEndEtcd, plan } from './requests.js';
import type { Plan } from './requests.js';
import type { Run } from './run.js';

/** Keys of all runs: few, so that requests meet. Leases, watches and permissions are about the same ones. */
export const prefix = 'k/';

const methodNames = {
  Range: 'KV/Range',
  Put: 'KV/Put',
  DeleteRange: 'KV/DeleteRange',
  Txn: 'KV/Txn',
  Compact: 'KV/Compact',
} as const;

export const kvDeeds: readonly Deed[] = [{ weight: 40, perform: request }];

async function request(run: Run, random: Random): Promise<void> {
  const sampled = at(fc.sample(plan, { seed: random.nextUint32() | 0, numRuns: 1 }), 0);
  // While etcd still compacts, its hash is neither that of before nor that of after.
  const drawn =
    sampled.method === 'Compact' && run.features.maintenance ? { ...sampled, physical: true } : sampled;
  if (mayEndEtcd(drawn)) return;
  // History is given up rarely: there is more to see while there is some.
  if (drawn.method === 'Compact' && !random.chance(0.4)) return;
  if (drawn.method === 'Compact') await run.watches.passThePast();
  const { model } = run;
  const leases = [...model.leases.keys()].filter((lease) => /^-?\d+$/.test(lease));
  const message = encode(drawn, {
    prefix,
    revision: model.revision,
    leases: leases.map((lease) => Long.fromString(lease)),
  });
  if (model.alarms.size > 0 && hasNestedPut(drawn)) return;
  if (model.isAuthEnabled && !model.tokens.includes('root')) return;
  const as = isForRoot(drawn) || hasBackwardRange(drawn) ? asRoot(model) : model.identity;
  const told = await run.call(random, methodNames[drawn.method], message, { as });
  learn(run, drawn, told);
}

function learn({ model }: Run, drawn: Plan, told: Told): void {
  if (told.revision !== null) model.revision = Math.max(model.revision, told.revision);
  if (told.ok && drawn.method === 'Compact') {
    model.compactRevision = Math.max(model.compactRevision, model.revision - drawn.back);
  }
}

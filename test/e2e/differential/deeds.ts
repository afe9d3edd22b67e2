import type { Random } from '../../../src/base/index.js';
import { authDeeds } from './auth-deeds.js';
import { pick, pickWeighted } from './choice.js';
import { kvDeeds } from './kv-deeds.js';
import { leaseDeeds } from './lease-deeds.js';
import { maintenanceDeeds } from './maintenance-deeds.js';
import type { Run } from './run.js';
import { watchDeeds } from './watch-deeds.js';

/** Something to do to both systems, drawn with the run's knowledge and done at once. */
export interface Deed {
  /** How often, beside the others. */
  readonly weight: number;
  readonly perform: (run: Run, random: Random) => Promise<void>;
}

const moving: Deed = {
  weight: 2,
  perform: (run, random) => run.moveTo(pick(random, [0, 1, 2])),
};

/** Draws one deed and does it. Throws a Difference. */
export async function step(run: Run, random: Random): Promise<void> {
  const { features } = run;
  const deeds = [
    moving,
    ...kvDeeds,
    // What root has to do waits for root: see asRoot.
    ...(features.leases && !isRootAway(run) ? leaseDeeds : []),
    ...(features.watches ? watchDeeds : []),
    ...(features.auth ? authDeeds : []),
    ...(features.maintenance ? maintenanceDeeds : []),
  ];
  if (run.model.isAuthEnabled) drawIdentity(run, random);
  await pickWeighted(random, deeds).perform(run, random);
}

function isRootAway({ model }: Run): boolean {
  return model.isAuthEnabled && !model.tokens.includes('root');
}

/** Mostly somebody who may do something, so that more than refusals is compared. */
function drawIdentity(run: Run, random: Random): void {
  const { model } = run;
  const chance = random.below(100);
  if (chance < 4) model.identity = 'nobody';
  else if (chance < 6) model.identity = 'stranger';
  else if (model.tokens.length === 0) model.identity = 'nobody';
  else if (chance < 40) model.identity = Math.max(model.tokens.lastIndexOf('root'), 0);
  else model.identity = model.tokens.length - 1 - random.below(Math.min(model.tokens.length, 8));
}

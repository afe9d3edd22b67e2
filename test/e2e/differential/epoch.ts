import { seededRandom } from '../../../src/base/index.js';
import type { ClusterMember } from '../../../cluster/index.js';
import { startPair, subject as system } from '../pair.js';
import { step } from './deeds.js';
import { createRun, Difference } from './run.js';
import type { Features } from './run.js';
import { createSide } from './side.js';

/** A run on fresh clusters. The same seed and features do the same again, whatever steps are left out. */
export interface EpochOptions {
  readonly seed: number;
  readonly features: Features;
  /** Which steps, by their numbers: leaving some out changes nothing about how the others are drawn. */
  readonly steps: readonly number[];
  /** Stops early, without a verdict on what was left. */
  readonly until?: number;
}

export interface EpochResult {
  readonly stepCount: number;
  readonly requestCount: number;
  readonly explained: ReadonlyMap<string, number>;
  /** Null when both told the same. */
  readonly difference: FoundDifference | null;
}

export interface FoundDifference {
  readonly step: number;
  readonly message: string;
  /** What was sent before, the latest last. */
  readonly sent: readonly string[];
  /** Each member's state, and what it logged last. */
  readonly members: readonly string[];
}

/** Which features a run has hangs on its seed: a fault may need that something does not happen. */
export function featuresOf(seed: number, allowed: Features): Features {
  const random = seededRandom(seed);
  const draw = (probability: number): boolean => random.chance(probability);
  const drawn = {
    leases: draw(0.7),
    watches: draw(0.7),
    auth: draw(0.4),
    maintenance: draw(0.5),
    gateway: draw(0.5),
  };
  return {
    leases: drawn.leases && allowed.leases,
    watches: drawn.watches && allowed.watches,
    auth: drawn.auth && allowed.auth,
    maintenance: drawn.maintenance && allowed.maintenance,
    gateway: drawn.gateway && allowed.gateway,
  };
}

export async function runEpoch({
  seed,
  features,
  steps,
  until = Infinity,
}: EpochOptions): Promise<EpochResult> {
  // The least work for passwords that bcrypt has; elections by the systems' own habits, for the machine may be busy.
  await using pair = await startPair({
    flags: ['--bcrypt-cost', '4'],
    timing: {},
    // Members of etcd 3.4 diverge when a transaction that writes reads a revision that is not there: only the member that
    // was asked looks at what is read. One alone has nobody to diverge from.
    referenceSize: 1,
    size: system === 'etcd' ? 1 : 3,
  });
  const reference = await createSide('reference', pair.reference);
  const subject = await createSide('subject', pair.subject);
  const run = createRun({ reference, subject, features });
  let done = 0;
  let current = 0;
  const result = (difference: FoundDifference | null): EpochResult => ({
    stepCount: done,
    requestCount: run.requestCount,
    explained: run.explained,
    difference,
  });
  try {
    if (features.watches) await run.watches.start();
    for (current of steps) {
      if (performance.now() > until) break;
      await step(run, seededRandom(seed * 0x1_0000_0000 + current));
      done += 1;
    }
    await run.watches.settle();
    return result(null);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const message = error instanceof Difference ? error.message : (error.stack ?? error.message);
    const members = await Promise.all(
      [...pair.subject.members, ...pair.reference.members].map(describeMember),
    );
    return result({ step: current, message, sent: [...run.sent], members });
  } finally {
    run.close();
    reference.close();
    subject.close();
  }
}

async function describeMember(member: ClusterMember): Promise<string> {
  const lines = await member.lastLogLines();
  return `${member.name} ${member.state}, started ${member.startCount} times: ${lines.slice(-4).join(' | ')}`;
}

import { failoverStage } from './failover-stage.js';
import { growthStage } from './growth-stage.js';
import { millionStage } from './million-stage.js';
import { mixedStage } from './mixed-stage.js';
import { smallStage } from './small-stage.js';
import { sustainedStage } from './sustained-stage.js';
import type { Stage, WorkInfo } from './types.js';

/** All that can be measured, in the order in which it is done. */
export const stages: readonly Stage[] = [
  smallStage,
  mixedStage,
  millionStage,
  failoverStage,
  growthStage,
  sustainedStage,
];

export interface Choice {
  readonly stage: Stage;
  /** Ids of works. */
  readonly chosen: ReadonlySet<string>;
}

/**
 * What `only` names: works and stages by their whole id, or else works whose id or name contains it. Without any, all that is not
 * long.
 */
export function choose(only: readonly string[]): readonly Choice[] {
  const wanted = only.map((text) => text.toLowerCase());
  return stages.flatMap((stage) => {
    const ids = stage.works
      .filter((work) =>
        wanted.length === 0 ? !stage.isLong : wanted.some((text) => isMeant(text, work, stage)),
      )
      .map(({ id }) => id);
    return ids.length === 0 ? [] : [{ stage, chosen: new Set(ids) }];
  });
}

const wholeIds = new Set(stages.flatMap((stage) => [stage.id, ...stage.works.map(({ id }) => id)]));

function isMeant(text: string, { id, name }: WorkInfo, stage: Stage): boolean {
  if (wholeIds.has(text)) return text === id || text === stage.id;
  return id.includes(text) || name.toLowerCase().includes(text);
}

export function listWorks(): string {
  return stages
    .flatMap((stage) =>
      stage.works.map(({ id, name }) => `${id.padEnd(18)} ${name}${stage.isLong ? ' (long)' : ''}`),
    )
    .join('\n');
}

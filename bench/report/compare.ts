import type { FigureResult, Results } from './results.js';
import { renderTable } from './table.js';
import { goalText, markOf, ratioText, verdictOn } from './verdict.js';

export interface Change {
  readonly work: string;
  readonly figure: string;
  readonly goal: FigureResult['goal'];
  readonly before: number;
  readonly after: number;
  /** After over before. */
  readonly factor: number;
  readonly passedBefore: boolean | null;
  readonly passesNow: boolean | null;
}

/** Of figures that both runs have; ratios, as single figures say more about the day than about the program. */
export function changesSince(earlier: Results, now: Results): readonly Change[] {
  return now.works.flatMap((work) => {
    const old = earlier.works.find(({ id }) => id === work.id);
    return work.figures.flatMap((figure): Change[] => {
      const oldFigure = old?.figures.find(({ id }) => id === figure.id);
      if (oldFigure === undefined) return [];
      const before = verdictOn({ ...oldFigure, goal: figure.goal });
      const after = verdictOn(figure);
      if (!Number.isFinite(before.ratio) || !Number.isFinite(after.ratio)) return [];
      return [
        {
          work: work.name,
          figure: figure.name,
          goal: figure.goal,
          before: before.ratio,
          after: after.ratio,
          factor: after.ratio / before.ratio,
          passedBefore: before.passes,
          passesNow: after.passes,
        },
      ];
    });
  });
}

export function changeTable(earlier: Results, now: Results): string {
  const changes = changesSince(earlier, now);
  if (changes.length === 0) return `Nothing was measured then (${earlier.at}) and now.`;
  const rows = changes.map((change) => [
    `${change.work}: ${change.figure}`,
    ...[ratioText(change.before), ratioText(change.after), ratioText(change.factor)],
    ...[goalText(change.goal), turnText(change)],
  ]);
  return renderTable([
    ['ratios, compared with those of an earlier run', 'then', 'now', 'now/then', 'goal', ''],
    ...rows,
  ]);
}

function turnText({ passedBefore, passesNow }: Change): string {
  const now = markOf(passesNow);
  if (passedBefore === passesNow || passedBefore === null || passesNow === null) return now;
  return passesNow ? 'now pass' : 'NOW SHORT';
}

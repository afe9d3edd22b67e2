import type { FigureResult, WorkResult } from './results.js';
import { goalText, markOf, numberText, ratioText, spreadText, verdictOn } from './verdict.js';

/** Columns as wide as their longest cell; the first to the left, numbers to the right. */
export function renderTable(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd();
  const [head = [], ...body] = rows;
  const rule = widths.map((width) => '-'.repeat(width)).join('  ');
  return [line(head), rule, ...body.map(line)].join('\n');
}

interface Row {
  readonly work: WorkResult;
  readonly figure: FigureResult;
}

/** What there are goals for, then the rest. */
export function resultTables(works: readonly WorkResult[]): string {
  const rows = works.flatMap((work) => work.figures.map((figure): Row => ({ work, figure })));
  const measured = rows.filter(
    ({ figure: { samples } }) => samples.ours.length + samples.baseline.length > 0,
  );
  const withGoal = measured.filter(({ figure }) => figure.goal !== null);
  const others = measured.filter(({ figure }) => figure.goal === null);
  const parts: string[] = [];
  if (withGoal.length > 0) parts.push(tableOf(withGoal), sumUp(withGoal));
  if (others.length > 0) parts.push(tableOf(others));
  return parts.join('\n\n');
}

function tableOf(rows: readonly Row[]): string {
  const head = ['work', 'etcd', 'ours', 'ratio', 'of rounds', 'goal', ''];
  return renderTable([
    head,
    ...rows.map(({ work, figure }) => {
      const { baseline, ours, ratio, spread, passes } = verdictOn(figure);
      const against = work.baseline === 'etcd' ? '' : ` (against ${work.baseline})`;
      return [
        `${work.name}: ${figure.name}${against}`,
        ...[numberText(baseline), numberText(ours), ratioText(ratio), spreadText(spread)],
        ...[goalText(figure.goal), markOf(passes)],
      ];
    }),
  ]);
}

function sumUp(rows: readonly Row[]): string {
  const verdicts = rows.map(({ figure }) => verdictOn(figure).passes).filter((passes) => passes !== null);
  return `${verdicts.filter((passes) => passes).length} of ${verdicts.length} goals are met.`;
}

/** What lies on a line of time from one point to another. */
export interface Extent {
  readonly fromUs: number;
  readonly toUs: number;
}

/**
 * A row for each, so that none lies over another in its row as long as there are at most `rowsMax` rows. A free row that was
 * left last is taken first: a process that ended without an answer is followed, in its row, by the one that its client went on as.
 *
 *     placeInRows([{ fromUs: 0, toUs: 5 }, { fromUs: 2, toUs: 4 }, { fromUs: 6, toUs: 9 }], 8) // [0, 1, 0]
 */
export function placeInRows(extents: readonly Extent[], rowsMax: number): number[] {
  const order = extents.map((_, place) => place);
  order.sort((a, b) => (extents[a]?.fromUs ?? 0) - (extents[b]?.fromUs ?? 0) || a - b);
  const ends: number[] = [];
  const rows: number[] = new Array<number>(extents.length).fill(0);
  for (const place of order) {
    const extent = extents[place];
    if (extent === undefined) continue;
    let best = -1;
    ends.forEach((end, row) => {
      if (end <= extent.fromUs && end > (ends[best] ?? -Infinity)) best = row;
    });
    if (best === -1) best = ends.length < rowsMax ? ends.length : leastOf(ends);
    ends[best] = Math.max(ends[best] ?? -Infinity, extent.toUs);
    rows[place] = best;
  }
  return rows;
}

function leastOf(ends: readonly number[]): number {
  return ends.reduce((least, end, row) => (end < (ends[least] ?? Infinity) ? row : least), 0);
}

import { readFileSync } from 'node:fs';

/** Files and connections for everything but clients: what the store has open, and the other members. */
const reservedFiles = 400;

/** How many files and connections this process may have open. Infinite where the system does not say (not Linux). */
export function openFilesMax(): number {
  let text: string;
  try {
    text = readFileSync('/proc/self/limits', 'utf8');
  } catch {
    return Number.POSITIVE_INFINITY;
  }
  const [, soft] = /^Max open files +(\d+) /m.exec(text) ?? [];
  return soft === undefined ? Number.POSITIVE_INFINITY : Number(soft);
}

/**
 * How many of them clients may take: a member whose store cannot open a file any more ends itself. Of few files a quarter.
 */
export function connectionsWithin(filesMax: number): number {
  return Math.max(Math.floor(filesMax / 4), filesMax - reservedFiles);
}

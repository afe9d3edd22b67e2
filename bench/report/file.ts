import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Results } from './results.js';

export async function saveText(file: string, text: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
}

/** Throws with a message for people when the file holds no figures of a run. */
export async function readResults(file: string): Promise<Results> {
  let value: unknown;
  try {
    value = JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    throw new Error(`${file} cannot be read as figures of an earlier run: ${String(error)}`, {
      cause: error,
    });
  }
  if (!isResults(value))
    throw new Error(`${file} does not hold figures of an earlier run in the form of today`);
  return value;
}

function isResults(value: unknown): value is Results {
  return (
    isRecord(value) &&
    value['format'] === 'quorate-bench' &&
    value['version'] === 1 &&
    typeof value['at'] === 'string' &&
    Array.isArray(value['works']) &&
    value['works'].every(isWork)
  );
}

function isWork(value: unknown): boolean {
  return (
    isRecord(value) &&
    typeof value['id'] === 'string' &&
    Array.isArray(value['figures']) &&
    value['figures'].every(isFigure)
  );
}

function isFigure(value: unknown): boolean {
  if (!isRecord(value) || typeof value['id'] !== 'string' || !isRecord(value['samples'])) return false;
  return Array.isArray(value['samples']['ours']) && Array.isArray(value['samples']['baseline']);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

import { QuorateError } from '../base/index.js';
import type { Records } from './records.js';

/*
 * Work is counted in keys: each that is looked at, compared or changed is 1, and so are 512 bytes of a value that is read
 * for it. So the count follows from the state and the request alone.
 */

/**
 * Work of one command when it is applied, which every member does in one go: about half a second. More is `too-many-keys`
 * and changes nothing. Frozen: members that have different bounds would come to different states.
 */
export const commandWorkMax = 200_000;

/** Work of one read outside the log, which goes on in steps and shares the member with others: about a minute. */
const readWorkMax = 20_000_000;
/** What one read may hold in memory until it is answered, in bytes. */
const readSizeBytesMax = 512 * 1024 * 1024;
/** Of a key that is kept, beside its value. */
export const keptKeySizeBytes = 200;

/** Work until a long read lets others run. A read from the store is 8 more. */
export const workPerStep = 512;
const missWork = 8;
const bytesPerWork = 512;

/** The work of one read. */
export interface Work {
  /**
   * Adds work, that of reads from the store included; true once a step's worth is done. Errors: `too-many-keys`,
   * `canceled`.
   */
  isDue(amount: number): boolean;
  /** So much more is gathered for the answer. Errors: `too-many-keys`. */
  keep(sizeBytes: number): void;
}

/** Of a read that is answered outside the log, as long as its answer is wanted. */
export function boundedWork(records: Records, isWanted?: () => boolean): Work {
  return createWork(records, { workMax: readWorkMax, sizeBytesMax: readSizeBytesMax }, isWanted);
}

/** Of reads within a command, which are weighed before (command-work.ts) and not interrupted. */
export const weighedWork: Work = { isDue: () => false, keep: () => undefined };

function createWork(
  records: Records,
  { workMax, sizeBytesMax }: { readonly workMax: number; readonly sizeBytesMax: number },
  isWanted: () => boolean = () => true,
): Work {
  let inStep = 0;
  let done = 0;
  let keptSizeBytes = 0;
  let misses = records.misses;
  return {
    isDue(amount) {
      inStep += amount + (records.misses - misses) * missWork;
      misses = records.misses;
      if (inStep < workPerStep) return false;
      done += inStep;
      inStep = 0;
      if (done > workMax) throw new QuorateError('too-many-keys');
      if (!isWanted()) throw new QuorateError('canceled');
      return true;
    },
    keep(sizeBytes) {
      keptSizeBytes += sizeBytes;
      if (keptSizeBytes > sizeBytesMax) throw new QuorateError('too-many-keys');
    },
  };
}

export function workOfValue(value: Uint8Array): number {
  return value.length / bytesPerWork;
}

/** The work that one command has left. */
export interface Budget {
  /** False once it is more than there was. */
  take(work: number): boolean;
  readonly isSpent: boolean;
}

export function createBudget(workMax: number): Budget {
  let left = workMax;
  return {
    take(work) {
      left -= work;
      return left >= 0;
    },
    get isSpent() {
      return left < 0;
    },
  };
}

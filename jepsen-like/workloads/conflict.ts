import { CallError, grpcCodes } from '../store/index.js';

export const conflict = 'somebody else was faster';

/** A compare that did not hold: the operation has had no effect, and may be tried again. */
export class Conflict extends CallError {
  constructor() {
    super(grpcCodes.failedPrecondition, conflict);
  }
}

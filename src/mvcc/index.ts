export { operationsOfState, readRecords, readStateTables, storedRecord } from './image.js';
export type { StateTables } from './image.js';
export { decodeKeyValue, encodeKeyValue } from './key-value.js';
export { readStateMeta } from './meta.js';
export { decodeProposal, encodeProposal } from './proposal.js';
export { parseRecordKey } from './record-key.js';
export { openStateMachine } from './state-machine.js';
export type * from './types.js';
export { validateCompact, validateDeleteRange, validatePut, validateRange, validateTxn } from './validate.js';

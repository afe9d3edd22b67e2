export { decodeCommand, encodeCommand } from './command.js';
export { decodeKeyValue, encodeKeyValue } from './key-value.js';
export { readStateMeta } from './meta.js';
export { openStateMachine } from './state-machine.js';
export type * from './types.js';
export { validateCompact, validateDeleteRange, validatePut, validateRange, validateTxn } from './validate.js';

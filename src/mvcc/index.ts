export { decodeCommand, encodeCommand } from './command.js';
export { decodeKeyValue, encodeKeyValue } from './key-value.js';
export type * from './types.js';
export { validateCompact, validateDeleteRange, validatePut, validateRange, validateTxn } from './validate.js';

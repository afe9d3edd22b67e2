export { FormatError } from './format-error.js';
export { formats, readHistory } from './read.js';
export type { Format, Reading, ReadOptions } from './read.js';

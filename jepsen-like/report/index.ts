export { wordsOfCall, wordsOfWatch } from './call-words.js';
export { renderReport, writeReport } from './render.js';
export type { ReportOptions } from './render.js';
export { lineOf } from './words.js';

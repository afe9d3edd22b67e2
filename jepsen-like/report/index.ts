export { renderReport, writeReport } from './render.js';
export type { ReportOptions } from './render.js';

export { findSystem } from './machines/index.js';
export type { System, SystemName } from './machines/index.js';
export type { LiveOutput } from './outcome.js';
export { drawLivePlan, liveFaultKinds, printLivePlan } from './plan.js';
export type { LiveFault, LiveFaultKind, LivePlan } from './plan.js';
export { runRound } from './round.js';
export type { RoundOptions, RoundResult } from './round.js';
export { runLive } from './run.js';
export type { LiveOptions, LiveResult } from './run.js';

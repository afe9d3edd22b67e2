export { PlanArbitrary, shrinksOf } from './arbitrary.js';
export { drawPlan } from './draw.js';
export type { DrawOptions } from './draw.js';
export { printPlan, readPlan } from './text.js';
export type { ActionStep, Fault, FaultKind, FaultStep, Plan, Step, Target } from './types.js';

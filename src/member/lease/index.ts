export { createLessor } from './lessor.js';
export type { Lessor } from './lessor.js';
export { createRenewals } from './renewals.js';
export type { Renewals } from './renewals.js';

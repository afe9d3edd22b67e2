export { createGateway } from './gateway.js';
export type { Gateway } from './gateway.js';
export { loadSchema } from './schema.js';

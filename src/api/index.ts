export { defaultApiLimits } from './limits.js';
export type { ApiLimits } from './limits.js';
export { createApiServer } from './server.js';
export type { ApiServer, ApiServerOptions } from './server.js';
export { apiVersion } from './version.js';

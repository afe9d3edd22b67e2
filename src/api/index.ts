export { statusOf } from './errors.js';
export type { GrpcStatus } from './errors.js';
export { defaultApiLimits } from './limits.js';
export type { ApiLimits } from './limits.js';
export type { CallContext, CallStream, Method, StreamMethod, UnaryMethod } from './method.js';
export { createApiServer } from './server.js';
export type { ApiServer, ApiServerOptions } from './server.js';
export { createServices } from './services.js';
export { apiVersion } from './version.js';

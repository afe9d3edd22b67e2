export { bucketNames } from './layout.js';
export { readContent } from './read.js';
export type { FileContent } from './read.js';
export { contentOf } from './write.js';

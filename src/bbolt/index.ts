export { memorySource, openFileSource } from './file-source.js';
export type { FileSource } from './file-source.js';
export { openBbolt } from './reader.js';
export type { BboltFile, Bucket, BucketContent, BucketEntry, ByteSource, ContentEntry } from './types.js';
export { inPieces, planFile } from './writer.js';
export type { PlannedFile } from './writer.js';

import protobuf from 'protobufjs/minimal.js';
import { QuorateError } from '../base/index.js';
import { malformedMessage } from './errors.js';

/**
 * Transactions nest, and each level is two messages deep. More than 128 levels are always one operation too many, so
 * what is deeper than this is refused as that without being looked at.
 */
protobuf.Reader.recursionLimit = 2 * 128 + 4;

/** What protobufjs says beyond that depth. */
const tooDeep = 'max depth exceeded';

/** Decodes a request. Errors: `too-many-operations`, or a GrpcError when the bytes are no such message. */
export function decodeRequest<T>(type: { decode(bytes: Uint8Array): T }, bytes: Uint8Array): T {
  try {
    return type.decode(bytes);
  } catch (error) {
    if (error instanceof Error && error.message === tooDeep) {
      throw new QuorateError('too-many-operations', undefined, { cause: error });
    }
    throw malformedMessage(error);
  }
}

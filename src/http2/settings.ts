import { ConnectionError } from './errors.js';
import { errorCodes, framePayloadSizeBytesMax, settingIds, windowSizeBytesMax } from './frames.js';

const settingSizeBytes = 6;
const framePayloadSizeBytesEver = 2 ** 24 - 1;

/**
 * Checks the settings of a client, and answers with the initial window that they leave. The others do not concern us: we push
 * nothing, send no larger frames than everybody takes, and no headers that build on a table. Throws a ConnectionError.
 */
export function initialWindowAfter(payload: Buffer, initialWindow: number): number {
  if (payload.length % settingSizeBytes !== 0)
    throw new ConnectionError(errorCodes.frameSize, 'settings of a strange size');
  for (let at = 0; at < payload.length; at += settingSizeBytes) {
    const value = payload.readUInt32BE(at + 2);
    switch (payload.readUInt16BE(at)) {
      case settingIds.initialWindowSize:
        if (value > windowSizeBytesMax)
          throw new ConnectionError(errorCodes.flowControl, 'a window larger than allowed');
        initialWindow = value;
        break;
      case settingIds.enablePush:
        if (value > 1) throw new ConnectionError(errorCodes.protocol, 'pushes are neither on nor off');
        break;
      case settingIds.maxFrameSize:
        if (value < framePayloadSizeBytesMax || value > framePayloadSizeBytesEver)
          throw new ConnectionError(errorCodes.protocol, 'frames of a size that there is not');
        break;
    }
  }
  return initialWindow;
}

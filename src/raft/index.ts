export { createCore } from './core.js';
export { decodeConfigurationChange, encodeConfigurationChange } from './confcodec.js';
export { changeConfiguration } from './confchange.js';
export type { ChangeResult } from './confchange.js';
export { emptyConfiguration, equalConfigurations, isMember, isVoter, membersOf } from './configuration.js';
export {
  describeChange,
  describeConfiguration,
  describeEntry,
  describeMessage,
  describePosition,
  describeProgress,
  describeReady,
  describeStatus,
} from './describe.js';
export type { DescribeData } from './describe.js';
export type * from './types.js';

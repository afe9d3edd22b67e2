export type { AuthSettings } from './rows.js';
export {
  decodeAuthRole,
  decodeAuthSettings,
  decodeAuthUser,
  encodeAuthRole,
  encodeAuthSettings,
  encodeAuthUser,
  nameOfRow,
  rowNameOf,
  settingsRowName,
} from './rows.js';
export { createAuthState } from './state.js';
export type { AuthState } from './types.js';

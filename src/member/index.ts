export type { Member, MemberStatus } from './types.js';

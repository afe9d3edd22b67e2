export type { Call, Compare, DeleteRequest, Kv, Outcome, PutRequest, RangeRequest } from './calls.js';
export type { RangeResponse, Request, Response, TxnRequest, TxnResponse } from './calls.js';
export type { FaultNote, History, MemberNote } from './history.js';
export type {
  AppendStep,
  AuthFact,
  ObservedLeader,
  Operation,
  OperationBody,
  RegisterStep,
} from './operations.js';
export type { WatchEntry, WatchEvent, WatchLog } from './watches.js';

import type {
  Call,
  DeleteRequest,
  PutRequest,
  RangeRequest,
  Response,
  TxnRequest,
} from '../history/index.js';

export type Step = RangeRequest | PutRequest | DeleteRequest;

/** What a call did, in order: its one request, or those of the branch that was taken, each with its answer. */
export interface DoneStep {
  readonly step: Step;
  readonly response: Response | undefined;
}

/** Nothing for calls that are not ok, and for those that neither read nor write keys. */
export function doneSteps({ request, outcome }: Call): readonly DoneStep[] {
  if (outcome.type !== 'ok') return [];
  const { value } = outcome;
  if (request.type === 'range' || request.type === 'put' || request.type === 'delete')
    return [{ step: request, response: value }];
  if (request.type !== 'txn' || value.type !== 'txn') return [];
  const branch = value.succeeded ? request.success : request.failure;
  return branch.map((step, place) => ({ step, response: value.responses[place] }));
}

/** What a call may have done, whatever came of it. */
export function possibleSteps({ request, outcome }: Call): readonly Step[] {
  if (request.type === 'range' || request.type === 'put' || request.type === 'delete') return [request];
  if (request.type !== 'txn') return [];
  if (outcome.type === 'ok' && outcome.value.type === 'txn')
    return branchOf(request, outcome.value.succeeded);
  return [...request.success, ...request.failure];
}

function branchOf(request: TxnRequest, succeeded: boolean): readonly Step[] {
  return succeeded ? request.success : request.failure;
}

export function deletedBy({ step, response }: DoneStep): number {
  return step.type === 'delete' && response?.type === 'delete' ? response.deleted : 0;
}

/** Whether the call made a revision: that of its answer. */
export function hasWritten(call: Call): boolean {
  return doneSteps(call).some((done) => done.step.type === 'put' || deletedBy(done) > 0);
}

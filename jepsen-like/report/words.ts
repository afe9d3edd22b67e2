import { unreachable } from '../../src/base/index.js';
import type { AppendStep, Operation, Outcome, RegisterStep } from '../history/index.js';
import { listed, quote, quoteOrNothing, shortened, visible } from './text.js';

/** What an operation was to do and what came of it: `write k3 = 17`, `done`. */
export interface Words {
  readonly action: string;
  readonly result: string;
}

/** Errors of servers run long. */
const errorMax = 160;

export function wordsOf(operation: Operation): Words {
  return { action: actionOf(operation), result: resultOf(operation) };
}

/** Both in one line. */
export function lineOf(operation: Operation): string {
  const { action, result } = wordsOf(operation);
  return `${action} → ${result}`;
}

export function wordsOfOutcome<T>(outcome: Outcome<T>, ok: (value: T) => string): string {
  if (outcome.type === 'ok') return ok(outcome.value);
  return shortened(visible(outcome.error), errorMax);
}

function actionOf(operation: Operation): string {
  switch (operation.kind) {
    case 'read':
      return `read ${quote(operation.key)}${operation.serializable ? ' (serializable)' : ''}`;
    case 'write':
      return `write ${quote(operation.key)} = ${quote(operation.value)}`;
    case 'cas':
      return `swap ${quote(operation.key)} from ${quoteOrNothing(operation.expected)} to ${quote(operation.value)}`;
    case 'concat':
      return `put ${quote(operation.value)} behind ${quote(operation.key)}`;
    case 'append':
    case 'registers':
      return operation.steps.map(wordsOfStep).join(', ');
    case 'add':
      return `add ${operation.element} to ${quote(operation.set)}`;
    case 'elements':
      return `read set ${quote(operation.set)}`;
    case 'transfer':
      return `transfer ${operation.amount} from ${quote(operation.from)} to ${quote(operation.to)}`;
    case 'balances':
      return 'read balances';
    case 'unique-id':
      return 'ask for a unique id';
    case 'lock':
      return `lock ${quote(operation.name)}`;
    case 'unlock':
      return `unlock ${quote(operation.name)}, fence ${operation.fence}`;
    case 'guarded-add':
      return `add ${operation.element} to ${quote(operation.set)} under lock ${operation.fence}${operation.fenced ? ', fenced' : ''}`;
    case 'campaign':
      return `campaign in ${quote(operation.election)} as ${quote(operation.value)}`;
    case 'resign':
      return `resign from ${quote(operation.election)}, fence ${operation.fence}`;
    case 'leader':
      return `who leads ${quote(operation.election)}`;
    case 'observe':
      return `observe ${quote(operation.election)}`;
    case 'observe':
      return `observe ${quote(operation.election)}`;
    case 'member-add':
      return `add ${operation.isLearner ? 'learner' : 'member'} ${quote(operation.name)}`;
    case 'member-remove':
      return `remove member ${operation.member}`;
    case 'member-promote':
      return `promote member ${operation.member}`;
    case 'member-update':
      return `update member ${operation.member}: ${operation.peerUrls.join(', ')}`;
    case 'members':
      return operation.linearizable ? 'list members' : 'list members, serializable';
    case 'grant':
    case 'keep-alive':
    case 'revoke':
    case 'attach':
    case 'attached':
      return actionOfLease(operation);
    case 'auth-change':
    case 'auth-request':
      return operation.what;
    default:
      return unreachable(operation);
  }
}

type OfLease = Extract<
  Operation,
  { readonly kind: 'grant' | 'revoke' | 'keep-alive' | `attach${'' | 'ed'}` }
>;

function actionOfLease(operation: OfLease): string {
  switch (operation.kind) {
    case 'grant':
      return `grant lease ${quote(operation.lease)} for ${operation.ttlSeconds} s`;
    case 'keep-alive':
      return `keep lease ${quote(operation.lease)} alive`;
    case 'revoke':
      return `revoke lease ${quote(operation.lease)}`;
    case 'attach':
      return `attach ${quote(operation.key)} to lease ${quote(operation.lease)}`;
    case 'attached':
      return `is ${quote(operation.key)} of lease ${quote(operation.lease)} there`;
    default:
      return unreachable(operation);
  }
}

function wordsOfStep(step: AppendStep | RegisterStep): string {
  if (step.type === 'write') return `write ${quote(step.key)} = ${quote(step.value)}`;
  return step.type === 'append' ? `append ${step.value} to ${quote(step.key)}` : `read ${quote(step.key)}`;
}

function resultOf(operation: Operation): string {
  switch (operation.kind) {
    case 'read':
      return wordsOfOutcome(operation.outcome, ({ value }) => quoteOrNothing(value));
    case 'cas':
      return wordsOfOutcome(operation.outcome, ({ swapped }) => (swapped ? 'swapped' : 'not swapped'));
    case 'append':
      return wordsOfOutcome(operation.outcome, ({ reads }) => wordsOfReads(operation.steps, reads));
    case 'registers':
      return wordsOfOutcome(operation.outcome, ({ reads }) => listed(reads.map(quoteOrNothing), ['[', ']']));
    case 'elements':
      return wordsOfOutcome(operation.outcome, ({ elements }) => listed(elements, ['{', '}']));
    case 'transfer':
      return wordsOfOutcome(operation.outcome, ({ moved }) => (moved ? 'moved' : 'not moved'));
    case 'balances':
      return wordsOfOutcome(operation.outcome, ({ balances }) => wordsOfBalances(balances));
    case 'unique-id':
      return wordsOfOutcome(operation.outcome, ({ id }) => quote(id));
    case 'lock':
      return wordsOfOutcome(operation.outcome, ({ fence, front = fence }) =>
        front === fence ? `fence ${fence}` : `fence ${fence}, while it was the turn of ${front}`,
      );
    case 'campaign':
      return wordsOfOutcome(operation.outcome, ({ fence }) => `fence ${fence}`);
    case 'leader':
      return wordsOfOutcome(
        operation.outcome,
        ({ value, fence }) => `${quoteOrNothing(value)}, fence ${fence}`,
      );
    case 'observe':
      return wordsOfOutcome(operation.outcome, ({ leaders }) =>
        listed(
          leaders.map(({ value, fence }) => `${quote(value)}, fence ${fence}`),
          ['[', ']'],
        ),
      );
    case 'observe':
      return wordsOfOutcome(operation.outcome, ({ leaders }) =>
        listed(
          leaders.map(({ value, fence }) => `${quote(value)} (${fence})`),
          ['', ''],
        ),
      );
    case 'member-add':
      return wordsOfOutcome(operation.outcome, ({ member }) => member);
    case 'members':
      return wordsOfOutcome(operation.outcome, ({ members }) =>
        listed(
          members.map(({ id, isLearner }) => (isLearner ? `${id} (learner)` : id)),
          ['{', '}'],
        ),
      );
    case 'grant':
      return wordsOfOutcome(operation.outcome, ({ ttlSeconds }) => `${ttlSeconds} s`);
    case 'keep-alive':
      return wordsOfOutcome(operation.outcome, ({ ttlSeconds }) =>
        ttlSeconds === 0 ? 'it is gone' : `${ttlSeconds} s`,
      );
    case 'attached':
      return wordsOfOutcome(operation.outcome, ({ present }) => (present ? 'there' : 'not there'));
    case 'auth-request':
      return wordsOfOutcome(operation.outcome, ({ allowed }) => (allowed ? 'served' : 'refused'));
    case 'write':
    case 'concat':
    case 'add':
    case 'member-remove':
    case 'member-promote':
    case 'member-update':
    case 'unlock':
    case 'guarded-add':
    case 'resign':
    case 'revoke':
    case 'attach':
    case 'auth-change':
      return wordsOfOutcome(operation.outcome, () => 'done');
    default:
      return unreachable(operation);
  }
}

function wordsOfReads(steps: readonly AppendStep[], reads: readonly (readonly number[] | null)[]): string {
  const told = steps.flatMap((step, place) => {
    const list = reads[place];
    return step.type === 'read' ? [`${quote(step.key)} = ${listed(list ?? [], ['[', ']'])}`] : [];
  });
  return told.length === 0 ? 'done' : told.join(', ');
}

function wordsOfBalances(balances: Readonly<Record<string, number>>): string {
  const entries = Object.entries(balances);
  const total = entries.reduce((sum, [, amount]) => sum + amount, 0);
  const told = entries.map(([account, amount]) => `${quote(account)} ${amount}`);
  return `${listed(told, ['', ''])}; ${total} in all`;
}

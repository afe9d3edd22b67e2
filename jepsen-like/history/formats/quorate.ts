import type { History } from '../history.js';
import type { Operation, OperationBody } from '../operations.js';
import { FormatError } from './format-error.js';
import { parseJson } from './json.js';

export const quorateFormat = 'quorate-history-1';

type Fields = Readonly<Record<string, 'string' | 'number' | 'boolean' | 'list' | 'text or null'>>;

/** What each kind of operation has to have besides its outcome, and what its result has: of those that checkers of files look at. */
const kinds: Readonly<
  Partial<Record<OperationBody['kind'], readonly [action: Fields, result: Fields | null]>>
> = {
  read: [{ key: 'string', serializable: 'boolean' }, { value: 'text or null' }],
  write: [{ key: 'string', value: 'string' }, null],
  cas: [{ key: 'string', expected: 'text or null', value: 'string' }, { swapped: 'boolean' }],
  concat: [{ key: 'string', value: 'string' }, null],
  registers: [{ steps: 'list' }, { reads: 'list' }],
  append: [{ steps: 'list' }, { reads: 'list' }],
  add: [{ set: 'string', element: 'number' }, null],
  elements: [{ set: 'string' }, { elements: 'list' }],
  transfer: [{ from: 'string', to: 'string', amount: 'number' }, { moved: 'boolean' }],
  balances: [{}, {}],
  'unique-id': [{}, { id: 'string' }],
  lock: [{ name: 'string' }, { fence: 'number' }],
  unlock: [{ name: 'string', fence: 'number' }, null],
  'guarded-add': [{ set: 'string', element: 'number', fence: 'number', fenced: 'boolean' }, null],
  campaign: [{ election: 'string', value: 'string' }, { fence: 'number' }],
  resign: [{ election: 'string', fence: 'number' }, null],
  leader: [{ election: 'string' }, { value: 'text or null', fence: 'number' }],
  observe: [{ election: 'string' }, { leaders: 'list' }],
  grant: [{ lease: 'string', ttlSeconds: 'number' }, { ttlSeconds: 'number' }],
  'keep-alive': [{ lease: 'string' }, { ttlSeconds: 'number' }],
  revoke: [{ lease: 'string' }, null],
  attach: [{ lease: 'string', key: 'string' }, null],
  attached: [{ lease: 'string', key: 'string' }, { present: 'boolean' }],
};

type Json = Readonly<Record<string, unknown>>;

/** Our own histories, as `npm run torture -- --history` writes them. Errors: FormatError. */
export function readQuorate(text: string): History {
  const whole = parseJson(text, '');
  if (!isObject(whole)) throw new FormatError('', 'a history is an object');
  if (whole['format'] !== quorateFormat)
    throw new FormatError(
      '',
      `a history whose \`format\` is ${JSON.stringify(whole['format'])}, and not ${quorateFormat}`,
    );
  const operations = listOf(whole, 'operations', '');
  for (const [place, each] of operations.entries()) checkOperation(each, `operations[${place}]`, place);
  for (const [place, each] of listOf(whole, 'calls', '').entries()) checkCall(each, `calls[${place}]`, place);
  for (const [place, each] of listOf(whole, 'watches', '').entries()) checkWatch(each, `watches[${place}]`);
  const defaults = {
    ...{ system: 'unknown', replay: null, plan: null },
    ...{ operations: [], calls: [], watches: [], faults: [], members: [] },
  };
  const history: unknown = { ...defaults, ...whole };
  return history as History; // Checked as far as checkers rely on it.
}

function checkOperation(operation: unknown, where: string, place: number): void {
  const fields = checkTimed(operation, where, place);
  const value = checkOutcome(fields, where);
  const { kind } = fields as { readonly kind?: unknown };
  if (typeof kind !== 'string') throw new FormatError(where, 'its `kind` is a text');
  const known = Object.hasOwn(kinds, kind) ? kinds[kind as Operation['kind']] : undefined;
  if (known === undefined) return;
  const [action, result] = known;
  checkFields(fields, action, where);
  if (value !== undefined && result !== null) {
    if (!isObject(value)) throw new FormatError(where, 'an outcome that is ok has a `value`');
    checkFields(value, result, `${where}.outcome.value`);
  }
}

/** Answers with what is there to look further at. */
function checkTimed(each: unknown, where: string, place: number): Json {
  if (!isObject(each)) throw new FormatError(where, 'an object is expected');
  checkFields(each, { id: 'number', process: 'number', invokedUs: 'number' }, where);
  if (each['id'] !== place)
    throw new FormatError(where, `its \`id\` is its position, and not ${String(each['id'])}`);
  const { completedUs } = each as { readonly completedUs?: unknown };
  if (completedUs !== null && typeof completedUs !== 'number')
    throw new FormatError(where, 'its `completedUs` is a number or null');
  return each;
}

/** The value of one that is ok; undefined: it is not. */
function checkOutcome(fields: Json, where: string): unknown {
  const { outcome } = fields as { readonly outcome?: unknown };
  const type = isObject(outcome) ? outcome['type'] : undefined;
  if (type !== 'ok' && type !== 'failed' && type !== 'unknown')
    throw new FormatError(where, 'its `outcome.type` is ok, failed or unknown');
  return type === 'ok' && isObject(outcome) ? outcome['value'] : undefined;
}

function checkCall(call: unknown, where: string, place: number): void {
  const fields = checkTimed(call, where, place);
  const { request } = fields as { readonly request?: unknown };
  if (!isObject(request) || typeof request['type'] !== 'string')
    throw new FormatError(where, 'a `request` with a `type` is expected');
  const value = checkOutcome(fields, where);
  if (value === undefined) return;
  if (!isObject(value) || value['type'] !== request['type'] || typeof value['revision'] !== 'number')
    throw new FormatError(
      where,
      'an outcome that is ok has a `value` of the type of the request, with its `revision`',
    );
}

function checkWatch(watch: unknown, where: string): void {
  if (!isObject(watch)) throw new FormatError(where, 'an object is expected');
  checkFields(
    watch,
    { id: 'number', key: 'string', rangeEnd: 'string', startRevision: 'number', entries: 'list' },
    where,
  );
}

function checkFields(each: Json, fields: Fields, where: string): void {
  for (const [name, type] of Object.entries(fields)) {
    const value = each[name];
    const isRight =
      type === 'list'
        ? Array.isArray(value)
        : type === 'text or null'
          ? value === null || typeof value === 'string'
          : typeof value === type;
    if (!isRight)
      throw new FormatError(
        where,
        `its \`${name}\` is a ${type}, and not ${value === undefined ? 'missing' : JSON.stringify(value)}`,
      );
  }
}

function listOf(each: Json, name: string, where: string): readonly unknown[] {
  const value = each[name] ?? [];
  if (!Array.isArray(value)) throw new FormatError(where, `\`${name}\` is a list`);
  return value;
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

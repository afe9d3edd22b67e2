import type { Entry, Event, Message, Ready } from '../../../src/raft/index.js';

/* What the story of a failing schedule is told with. */

export function printEvent(event: Event): string {
  if (event.type === 'message') return printMessage(event.message);
  const { type, ...rest } = event;
  return [type, ...printFields(rest)].join(' ');
}

export function printMessage(message: Message): string {
  const { type, from, to, term, ...rest } = message;
  return [`${type} ${from}→${to} term=${String(term)}`, ...printFields(rest)].join(' ');
}

/** What is empty is left out. */
export function printReady(ready: Ready): string {
  const { messages, messagesAfterPersist, number, ...rest } = ready;
  const fields = Object.entries(rest).filter(([, value]) => {
    return Array.isArray(value) ? value.length > 0 : value !== null && value !== false;
  });
  const counts = `sends ${String(messages.length)}, later ${String(messagesAfterPersist.length)}`;
  return [`Ready ${String(number)}`, counts, ...printFields(Object.fromEntries(fields))].join(' ');
}

function printFields(fields: object): string[] {
  return Object.entries(fields).map(([name, value]) => `${name}=${printValue(value)}`);
}

function printValue(value: unknown): string {
  if (value instanceof Uint8Array) return `0x${Buffer.from(value).toString('hex')}`;
  if (Array.isArray(value)) return `[${value.map(printValue).join(' ')}]`;
  if (isEntry(value))
    return `${String(value.index)}@${String(value.term)}${value.kind === 'normal' ? '' : 'c'}`;
  if (typeof value === 'object' && value !== null) return `{${printFields(value).join(' ')}}`;
  return String(value);
}

function isEntry(value: unknown): value is Entry {
  return (
    typeof value === 'object' && value !== null && 'kind' in value && 'index' in value && 'data' in value
  );
}

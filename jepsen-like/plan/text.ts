import { QuorateError } from '../../src/base/index.js';
import type { Plan, Step } from './types.js';

/**
 * A plan as a script: its settings in the first line, then a line a step. `readPlan` reads it again.
 *
 *     plan {"seed":7,"members":3,…}
 *     1.250s client 2: {"type":"write","key":"k1","value":"17"}
 *     1.900s fault: {"kind":"kill","target":"leader","forMs":800}
 */
export function printPlan(plan: Plan): string {
  const { steps, ...settings } = plan;
  const lines = steps.map((step) => {
    const at = `${(step.atMs / 1000).toFixed(3)}s`;
    return step.type === 'action'
      ? `${at} client ${step.client}: ${JSON.stringify(step.action)}`
      : `${at} fault: ${JSON.stringify(step.fault)}`;
  });
  return `${[`plan ${JSON.stringify(settings)}`, ...lines].join('\n')}\n`;
}

const stepPattern = /^(\d+)\.(\d{3})s (?:client (\d+)|fault): (\{.*\})$/;

/** Errors: `invalid-configuration`, naming the line. Empty lines and those that begin with `#` are passed over. */
export function readPlan(text: string): Plan {
  let settings: Omit<Plan, 'steps'> | null = null;
  const steps: Step[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '' || line.startsWith('#')) continue;
    if (settings === null) {
      if (!line.startsWith('plan ')) throw unreadable(index, 'a plan begins with `plan {…}`');
      settings = parse(line.slice('plan '.length), index) as Omit<Plan, 'steps'>;
      continue;
    }
    const [, seconds, thousandths, client, json = ''] = stepPattern.exec(line) ?? [];
    if (seconds === undefined)
      throw unreadable(index, 'a step is `1.250s client 2: {…}` or `1.250s fault: {…}`');
    const atMs = Number(seconds) * 1000 + Number(thousandths);
    const content = parse(json, index);
    if (client !== undefined) steps.push({ type: 'action', atMs, client: Number(client), action: content });
    else steps.push({ type: 'fault', atMs, fault: content as Extract<Step, { type: 'fault' }>['fault'] });
  }
  if (settings === null) throw unreadable(0, 'there is no plan');
  return { ...settings, steps };
}

function parse(json: string, index: number): object {
  try {
    const content: unknown = JSON.parse(json);
    if (typeof content === 'object' && content !== null) return content;
  } catch {
    // Said below.
  }
  throw unreadable(index, `${json} is not a JSON object`);
}

function unreadable(index: number, why: string): QuorateError {
  return new QuorateError('invalid-configuration', `line ${index + 1} of the plan cannot be read: ${why}`);
}

import { ClusterError } from './errors.js';
import type { ExitEvent } from './types.js';

/** `ended with exit code 1 after 0.3 s`, `was ended by SIGKILL after 12.0 s` */
export function describeExit(event: Pick<ExitEvent, 'code' | 'signal' | 'ranForMs'>): string {
  const how = event.signal === null ? `ended with exit code ${event.code}` : `was ended by ${event.signal}`;
  return `${how} after ${(event.ranForMs / 1000).toFixed(1)} s`;
}

export function memberDiedError(event: ExitEvent): ClusterError {
  return new ClusterError(
    'member-died',
    `member ${event.member} ${describeExit(event)}, before it served${quote(event.lastLines)}`,
  );
}

export function servingTimeoutError(
  name: string,
  timeoutMs: number,
  lastLines: readonly string[],
): ClusterError {
  return new ClusterError(
    'timed-out',
    `member ${name} runs but did not serve within ${timeoutMs / 1000} s${quote(lastLines)}`,
  );
}

function quote(lines: readonly string[]): string {
  if (lines.length === 0) return '; it printed nothing';
  return `; the last that it printed:\n${lines.map((line) => `    ${line}`).join('\n')}`;
}

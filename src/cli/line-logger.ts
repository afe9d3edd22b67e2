import type { LogFields, Logger } from '../base/index.js';

export const logLevels = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof logLevels)[number];

/** One line a message: time, level, sentence, then `name=value` pairs. Written to standard error by the server. */
export function createLineLogger(level: LogLevel, write: (line: string) => void): Logger {
  const lowest = logLevels.indexOf(level);

  function log(at: LogLevel, message: string, fields: LogFields = {}): void {
    if (logLevels.indexOf(at) < lowest) return;
    const pairs = Object.entries(fields).map(([name, value]) => ` ${name}=${renderValue(value)}`);
    write(`${new Date().toISOString()} ${at.padEnd(5)} ${message}${pairs.join('')}\n`);
  }

  return {
    debug: (message, fields) => log('debug', message, fields),
    info: (message, fields) => log('info', message, fields),
    warn: (message, fields) => log('warn', message, fields),
    error: (message, fields) => log('error', message, fields),
  };
}

function renderValue(value: LogFields[string]): string {
  if (typeof value !== 'string') return String(value);
  return /^[\w.:/@+-]+$/.test(value) ? value : JSON.stringify(value);
}

import { cpus, loadavg, release, totalmem } from 'node:os';
import type { Machine } from './report/results.js';
import { versionOf } from './tools.js';

/** How the machine looks before a run; the run's end adds `loadAfter`. */
export function describeMachine(): Omit<Machine, 'loadAfter'> {
  const [first] = cpus();
  return {
    processors: cpus().length,
    model: first?.model.trim() ?? 'unknown',
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    node: process.version,
    etcd: versionOf('etcd'),
    loadBefore: currentLoad(),
  };
}

export function currentLoad(): number {
  return loadavg()[0] ?? 0;
}

import { collectDefaultMetrics, Registry } from 'prom-client';
import type { Member } from '../../member/index.js';
import type { Method } from '../method.js';
import { createCallMetrics } from './calls.js';
import { registerMember, renderMemberHistograms } from './member.js';

/**
 * What `/metrics` tells, under etcd's names where etcd has them, and of the process what prom-client knows (memory,
 * garbage collection, the event loop's delays).
 */
export interface Metrics {
  /** The method, with its calls counted. */
  counted(method: Method): Method;
  /** Prometheus' text format. */
  render(): Promise<string>;
  readonly contentType: string;
}

export function createMetrics(member: Member): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const calls = createCallMetrics(registry);
  registerMember(registry, member);
  return {
    counted: (method) => calls.counted(method),
    async render() {
      const text = await registry.metrics();
      return `${text}\n${calls.renderHistograms()}${renderMemberHistograms(member)}`;
    },
    contentType: registry.contentType,
  };
}

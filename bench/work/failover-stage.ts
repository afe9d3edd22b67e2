import { measureFailover } from '../failover.js';
import type { Stage, WorkInfo } from './types.js';
import { sideOf } from './types.js';

const work: WorkInfo = {
  id: 'failover',
  name: 'failover: leader killed until the next acknowledged write',
  figures: [{ id: 'ms', name: 'ms', goal: { atMost: 1 } }],
};

/** Both systems' defaults, given to both so that they stay the same. */
const timeouts = { heartbeatIntervalMs: 100, electionTimeoutMs: 1000 } as const;
const startSeconds = 6;
const eachSeconds = 3;

export const failoverStage: Stage = {
  id: 'failover',
  isLong: false,
  works: [work],
  tools: () => [],
  estimateSeconds: ({ failovers, systems }) => startSeconds + failovers * systems.length * eachSeconds,
  async run({ systems, progress, recorder, options }) {
    progress.step('failover: starting the systems', startSeconds);
    await systems.withSystems(timeouts, async (running) => {
      for (let kill = 1; kill <= options.failovers; kill++) {
        for (const system of running) {
          progress.step(`${system.name}: failover ${kill}/${options.failovers}`, eachSeconds);
          recorder.record(work, sideOf[system.name], { figures: { ms: await measureFailover(system) } });
        }
      }
    });
  },
};

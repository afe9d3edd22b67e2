import { fillKeys, mixedPrefix, mixedWorks } from './generated-works.js';
import { chosenOf, estimateRounds, runRound } from './rounds.js';
import { settle } from '../systems.js';
import type { Stage } from './types.js';

const valueBytes = 1024;
const startSeconds = 6;
const keysPerSecond = 25_000;
const settleMs = 20_000;

/** 1,000,000 keys of 1 KiB are more than the 2 GiB that either allows by itself, once they are written again. */
const roomForAll = { extraFlags: ['--quota-backend-bytes', String(16 * 2 ** 30)] } as const;

/** Reads and writes over many keys that are all there. */
export const mixedStage: Stage = {
  id: 'mixed',
  isLong: false,
  works: mixedWorks,
  tools: () => [],
  estimateSeconds: (options, chosen) =>
    startSeconds +
    options.systems.length * (options.keys / keysPerSecond) +
    estimateRounds(options, chosenOf(mixedWorks, chosen)),
  async run(bench, chosen) {
    const { options, progress } = bench;
    progress.step('mixed: starting the systems', startSeconds);
    await bench.systems.withSystems(roomForAll, async (systems) => {
      for (const system of systems) {
        const keys = `${options.keys.toLocaleString('en')} keys of 1 KiB`;
        progress.step(`${system.name}: loading ${keys}`, options.keys / keysPerSecond);
        await fillKeys(bench, system, { prefix: mixedPrefix, count: options.keys, valueBytes });
        await settle(system, settleMs);
      }
      for (let round = 1; round <= options.rounds; round++)
        await runRound(bench, systems, chosenOf(mixedWorks, chosen), round);
    });
  },
};

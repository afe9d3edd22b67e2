import { seededRandom } from '../../src/base/index.js';
import { etcdserverpb } from '../../src/gen/protos.js';
import { frame, openRawClient, paths, putBody, rangeBody } from '../grpc.js';
import { runH2load } from '../h2load.js';
import { randomBytes } from '../load/requests.js';
import type { RunningSystem } from '../systems.js';
import { latencyFigures, processorMeter, rateFigure } from './figures.js';
import type { FigureInfo, Goal, RoundWork, Sample } from './types.js';

/** The same request again and again, as h2load sends it: puts of one key, and gets of it. */

export const benchKey = 'bench-key';
const valueBytes = 256;
export const benchValue = randomBytes(valueBytes, seededRandom(256));

export const shapes = [
  { id: '1', name: '1 connection', connections: 1, streams: 1 },
  { id: '8', name: '8 connections', connections: 8, streams: 1 },
  { id: '64', name: '64 connections', connections: 64, streams: 1 },
  { id: '100x10', name: '100 connections × 10', connections: 100, streams: 10 },
] as const;
type Shape = (typeof shapes)[number];
type ShapeId = Shape['id'];

interface Kind {
  readonly id: string;
  readonly name: string;
  readonly path: string;
  readonly message: Uint8Array;
  readonly isWrite: boolean;
  readonly goals: Readonly<Partial<Record<ShapeId, Partial<Record<'rate' | 'p50' | 'p99', Goal>>>>>;
}

const faster: Readonly<Partial<Record<ShapeId, Partial<Record<'rate', Goal>>>>> = {
  '64': { rate: { atLeast: 1.5 } },
  '100x10': { rate: { atLeast: 1.5 } },
};

export const kinds: readonly Kind[] = [
  {
    id: 'put',
    name: 'put 256 B',
    path: paths.put,
    message: putBody(benchKey, benchValue),
    isWrite: true,
    goals: {
      '1': { p50: { atMost: 0.8 } },
      '8': { rate: { atLeast: 1.5 } },
      '64': { rate: { atLeast: 1.5 }, p99: { atMost: 0.8 } },
      '100x10': { rate: { atLeast: 1.3 } },
    },
  },
  {
    id: 'get',
    name: 'linearizable get',
    path: paths.range,
    message: rangeBody(benchKey, { serializable: false }),
    isWrite: false,
    goals: faster,
  },
  {
    id: 'serializable',
    name: 'serializable get',
    path: paths.range,
    message: rangeBody(benchKey, { serializable: true }),
    isWrite: false,
    goals: faster,
  },
];

export const warmUpSeconds = 0.5;
/** h2load's start and end, and reading its log. */
const besideSeconds = 1;
const callTimeoutMs = 5000;

export const h2loadWorks: readonly RoundWork[] = kinds.flatMap((kind) =>
  shapes.map((shape): RoundWork => {
    const goals = kind.goals[shape.id] ?? {};
    const figures: readonly FigureInfo[] = [rateFigure(goals.rate), ...latencyFigures(goals)];
    return {
      id: `${kind.id}-${shape.id}`,
      name: `${kind.name}, ${shape.name}`,
      figures,
      estimateSeconds: ({ seconds }) => warmUpSeconds + seconds + besideSeconds,
      measure: (system, { options }) => measure(system, kind, shape, options.seconds),
    };
  }),
);

export async function measure(
  system: RunningSystem,
  kind: Kind,
  shape: Shape,
  seconds: number,
): Promise<Sample> {
  const client = openRawClient(system.leader.endpoint);
  try {
    const before = await revisionAfterPut(client);
    const meter = await processorMeter(system);
    const { requestsPerSecond, latency } = await runH2load({
      url: system.leader.clientUrl + kind.path,
      body: frame(kind.message),
      ...shape,
      warmUpSeconds,
      seconds,
    });
    const processorUs = await meter.usPerRequest(requestsPerSecond * (warmUpSeconds + seconds));
    const after = await revisionAfterPut(client);
    // h2load takes any answer for a good one; acknowledged puts are in the revision.
    if (kind.isWrite && after - before < latency.count)
      throw new Error(`${system.name}: ${latency.count} puts were answered, but only ${after - before} made`);
    if (!kind.isWrite) await client.call(kind.path, kind.message, callTimeoutMs);
    return { figures: { ...figuresOf(requestsPerSecond, latency), processor: processorUs }, latency };
  } finally {
    client.close();
  }
}

function figuresOf(rate: number, latency: Sample['latency']): Record<string, number> {
  if (latency === undefined) return { rate };
  return { rate, p50: latency.quantileUs(0.5), p99: latency.quantileUs(0.99) };
}

async function revisionAfterPut(client: ReturnType<typeof openRawClient>): Promise<number> {
  const answer = await client.call(paths.put, putBody(benchKey, benchValue), callTimeoutMs);
  return Number(etcdserverpb.PutResponse.decode(answer).header?.revision);
}

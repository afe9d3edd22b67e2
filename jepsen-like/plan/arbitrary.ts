import fc from 'fast-check';
import { seededRandom } from '../../src/base/index.js';
import { drawPlan } from './draw.js';
import type { DrawOptions } from './draw.js';
import type { Plan, Step } from './types.js';

/** Plans as fast-check draws and shrinks them. */
export class PlanArbitrary extends fc.Arbitrary<Plan> {
  readonly #options: Omit<DrawOptions, 'seed'>;

  constructor(options: Omit<DrawOptions, 'seed'>) {
    super();
    this.#options = options;
  }

  override generate(random: fc.Random): fc.Value<Plan> {
    const seed = random.nextInt(0, 0x7fff_ffff);
    return new fc.Value(drawPlan(seededRandom(seed), { ...this.#options, seed }), undefined);
  }

  override canShrinkWithoutContext(value: unknown): value is Plan {
    return typeof value === 'object' && value !== null && 'steps' in value;
  }

  override shrink(plan: Plan): fc.Stream<fc.Value<Plan>> {
    return fc.stream(shrinksOf(plan)).map((smaller) => new fc.Value(smaller, undefined));
  }
}

/** Smaller plans, the boldest first: whole clients, then ever shorter stretches of steps, then what is around them. */
export function* shrinksOf(plan: Plan): Generator<Plan> {
  const { steps } = plan;
  for (const isLeft of [isAction, isFault]) {
    const left = steps.filter((step) => !isLeft(step));
    if (left.length < steps.length) yield { ...plan, steps: left };
  }
  for (let client = plan.clients - 1; client >= 0; client--) {
    const left = steps.filter((step) => step.type === 'fault' || step.client !== client);
    if (left.length < steps.length) yield { ...plan, steps: left };
  }
  for (
    let length = Math.ceil(steps.length / 2);
    length >= 1;
    length = length === 1 ? 0 : Math.ceil(length / 2)
  ) {
    for (let from = steps.length - length; from > -length; from -= length) {
      yield { ...plan, steps: steps.toSpliced(Math.max(0, from), length + Math.min(0, from)) };
    }
  }
  yield* shrinkSettings(plan);
}

function* shrinkSettings(plan: Plan): Generator<Plan> {
  const lastMs = plan.steps.at(-1)?.atMs ?? 0;
  if (plan.durationMs > lastMs + plan.electionTimeoutMs)
    yield { ...plan, durationMs: lastMs + plan.electionTimeoutMs };
  if (plan.lastCuts.length > 0) yield { ...plan, lastCuts: [] };
  for (const left of plan.lastCuts.keys()) yield { ...plan, lastCuts: plan.lastCuts.toSpliced(left, 1) };
  if (plan.members > 3) yield { ...plan, members: 3 };
  if (plan.members > 1) yield { ...plan, members: plan.members - 1 };
  const used = 1 + Math.max(0, ...plan.steps.map((step) => (step.type === 'action' ? step.client : 0)));
  if (used < plan.clients && used >= plan.workloads.length) yield { ...plan, clients: used };
  if (plan.diskFactor > 1) yield { ...plan, diskFactor: 1 };
  if (plan.snapshotCount < 10_000) yield { ...plan, snapshotCount: 10_000 };
}

const isAction = (step: Step): boolean => step.type === 'action';
const isFault = (step: Step): boolean => step.type === 'fault';

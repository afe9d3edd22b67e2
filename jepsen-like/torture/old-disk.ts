import type { DiskImage } from '../../src/storage/index.js';
import type { Host, World } from '../simulator/index.js';
import { belonging } from './membership.js';

export interface OldDiskOptions {
  readonly afterMs: number;
  readonly forMs: number;
  /** Undone after so long, or when all heals, if that comes first. */
  readonly lasting: (forMs: number, undo: () => void) => void;
  readonly putBack: (image: DiskImage) => void;
}

const pollMs = 50;

/**
 * Keeps what the host's disk holds now, kills the host later, and puts it back. A member that forgets what it has promised may break the
 * promises of all: no store that counts majorities survives that at any time (a write on two of three members, of which one forgets it
 * and the other is away, is gone). So the disk is put back when the others can spare its memory: all of them serve, hold whatever it
 * has acknowledged, know the term that it knew, and the configuration is the one that it remembers.
 */
export function keepOldDisk(world: World, host: Host, options: OldDiskOptions): void {
  const { agenda } = world;
  const { afterMs, forMs, lasting, putBack } = options;
  const remembered = configurationOf(world, host);
  if (remembered === null) return;
  const image = host.disk.image();
  let isOver = false;
  let wasKilled = false;
  let goal: Goal | null = null;

  function poll(): void {
    if (isOver) return;
    if (host.isUp) {
      host.kill();
      wasKilled = true;
      goal = null;
    } else if (wasKilled) {
      goal = sameGoal(goal, goalOf(world, host));
      if (
        goal !== null &&
        isReached(world, host, goal) &&
        configurationOf(world, goal.leader) === remembered
      ) {
        isOver = true;
        putBack(image);
        startAgain();
        return;
      }
    }
    agenda.at(agenda.nowUs + pollMs * 1000, poll);
  }

  function startAgain(): void {
    if (world.hosts.get(host.name) === host) world.start(host.name);
  }

  agenda.at(agenda.nowUs + afterMs * 1000, poll);
  lasting(afterMs + forMs, () => {
    isOver = true;
    if (wasKilled) startAgain();
  });
}

/** A leader and the end of its log, at some time after the host died: all that the host had acknowledged to it is below. */
interface Goal {
  readonly leader: Host;
  readonly term: number;
  readonly index: number;
}

function goalOf(world: World, host: Host): Goal | null {
  const { leader } = world;
  const status = leader?.member?.status();
  if (leader === null || leader === host || status === undefined) return null;
  return { leader, term: status.term, index: status.lastIndex };
}

/** The earlier one, while the same leader leads. */
function sameGoal(before: Goal | null, now: Goal | null): Goal | null {
  return before !== null && before.leader === now?.leader && before.term === now.term ? before : now;
}

function isReached(world: World, host: Host, { term, index }: Goal): boolean {
  const others = [...world.hosts.values()].filter((each) => each !== host);
  const staying = belonging(world).filter((each) => each !== host);
  if (staying.length < 2 || others.some((each) => each.isRetired && each.isUp)) return false;
  return staying.every((each) => {
    const status = each.member?.status();
    return status !== undefined && status.term === term && status.appliedIndex >= index;
  });
}

/** Null: it does not serve. */
function configurationOf(world: World, host: Host): string | null {
  const configuration = world.configurationOf(host);
  return configuration === null ? null : JSON.stringify(configuration);
}

import { createCore } from '../../../src/raft/index.js';
import type { Core, Event, InitialState, Message, Ready } from '../../../src/raft/index.js';
import { soundBuild } from './build.js';
import type { Build } from './build.js';
import type { Property } from './violation.js';

/** A mistake that a core or its driver could make, put in from outside. */
export interface PlantedBug {
  readonly name: string;
  readonly build: Build;
  /** Whether it shows only in the healing. If not, the healing is left out: progress often suffers as well. */
  readonly inHealing?: true;
  /** What may catch it first: broken properties, or the core's own assertions. */
  readonly caughtBy: readonly (Property | 'InvariantError' | 'QuorateError')[];
}

export const plantedBugs: readonly PlantedBug[] = [
  {
    name: 'answers are sent before the disk has what they promise',
    build: { ...soundBuild, sendsAfterPersist: false },
    caughtBy: ['promises are durable'],
  },
  {
    name: 'the core hears of writes that are not done',
    build: { ...soundBuild, persistsTruthfully: false },
    caughtBy: ['leaders have a durable quorum', 'commits have a durable quorum', 'the Ready contract'],
  },
  {
    name: 'a restart forgets the vote',
    build: restoring((initial) => ({ ...initial, hardState: { ...initial.hardState, vote: null } })),
    caughtBy: ['one vote per term'],
  },
  {
    name: 'a restart forgets the term',
    build: restoring((initial) => {
      const term = (initial.entries.at(-1) ?? initial.snapshot).term;
      return { ...initial, hardState: { ...initial.hardState, term, vote: null } };
    }),
    caughtBy: ['terms never regress', 'one vote per term'],
  },
  {
    name: 'a restart loses the last entry',
    build: restoring((initial) => {
      const { entries, applied, hardState } = initial;
      const last = entries.at(-1)?.index ?? 0;
      return last > Math.max(applied, hardState.commit)
        ? { ...initial, entries: entries.slice(0, -1) }
        : initial;
    }),
    caughtBy: [
      'QuorateError',
      'the Ready contract',
      'leader completeness',
      'commits have a durable quorum',
      'reads are fresh',
      'InvariantError',
    ],
  },
  {
    name: 'a leader takes every answer for an acknowledgement of all it has',
    build: wrapping((core) => ({
      step: (event) => core.step(mapMessage(event, (message) => acknowledgeAll(core, message))),
    })),
    caughtBy: ['commits have a durable quorum'],
  },
  {
    name: 'a heartbeat carries a commit index that the follower may not hold',
    build: sending((message, core) =>
      message.type === 'heartbeat' ? { ...message, commit: core.commit } : message,
    ),
    caughtBy: ['QuorateError', 'state machine safety'],
  },
  {
    name: 'a follower acknowledges one entry more than it holds',
    build: sending((message) =>
      message.type === 'append-response' && message.conflict === null
        ? { ...message, index: message.index + 1 }
        : message,
    ),
    caughtBy: ['promises are durable'],
  },
  {
    name: 'a node grants every vote',
    build: sending((message) => (message.type === 'vote-response' ? { ...message, granted: true } : message)),
    caughtBy: ['promises are durable', 'one vote per term'],
  },
  {
    name: 'a leader confirms reads without asking anybody',
    build: confirmingReadsWhere((core) => core.role === 'leader'),
    caughtBy: ['reads are fresh'],
  },
  {
    name: 'a follower confirms reads by itself',
    build: confirmingReadsWhere((core) => core.leader !== null),
    caughtBy: ['reads are fresh'],
  },
  {
    name: 'a snapshot carries the configuration that the node started with',
    build: wrapping((core, initial) => ({
      snapshotMetaAt: (index) => {
        const { configuration } = initial.snapshot;
        const meta = core.snapshotMetaAt(index);
        return configuration.voters.length === 0 ? meta : { ...meta, configuration };
      },
    })),
    inHealing: true,
    caughtBy: [
      'election safety',
      'leaders have a durable quorum',
      'commits have a durable quorum',
      'reads are fresh',
      'liveness',
      'InvariantError',
    ],
  },
  {
    name: 'only who takes itself for a voter answers candidates',
    build: deaf((message, core) => {
      const { voters } = core.status().configuration;
      return (message.type === 'vote' || message.type === 'pre-vote') && !voters.includes(message.to);
    }),
    inHealing: true,
    caughtBy: ['liveness'],
  },
  {
    name: 'refused appends never reach the leader',
    build: deaf((message) => message.type === 'append-response' && message.conflict !== null),
    inHealing: true,
    caughtBy: ['liveness'],
  },
  {
    name: 'nobody tells the leader that a snapshot was lost',
    build: wrapping((core) => ({
      step: (event) => (event.type === 'snapshot-status' && !event.ok ? null : core.step(event)),
    })),
    inHealing: true,
    caughtBy: ['liveness'],
  },
];

function restoring(restore: (initial: InitialState) => InitialState): Build {
  return { ...soundBuild, restore };
}

/** A core with parts of it replaced. */
function wrapping(change: (core: Core, initial: InitialState) => Partial<Core>): Build {
  return {
    ...soundBuild,
    createCore(options, initial, random) {
      const core = createCore(options, initial, random);
      const changed = change(core, initial);
      const wrapped: Core = {
        step: changed.step ?? ((event) => core.step(event)),
        hasReady: changed.hasReady ?? (() => core.hasReady()),
        takeReady: changed.takeReady ?? (() => core.takeReady()),
        snapshotMetaAt: changed.snapshotMetaAt ?? ((index) => core.snapshotMetaAt(index)),
        listensTo: (node) => core.listensTo(node),
        status: () => core.status(),
        assertInvariants: () => {
          core.assertInvariants();
        },
        entriesBetween: (first, last) => core.entriesBetween(first, last),
        get role() {
          return core.role;
        },
        get term() {
          return core.term;
        },
        get leader() {
          return core.leader;
        },
        get commit() {
          return core.commit;
        },
        get isLearner() {
          return core.isLearner;
        },
        get logSizeBytes() {
          return core.logSizeBytes;
        },
      };
      return wrapped;
    },
  };
}

function sending(change: (message: Message, core: Core) => Message): Build {
  return wrapping((core) => ({
    takeReady(): Ready {
      const ready = core.takeReady();
      const changed = (message: Message): Message => change(message, core);
      return {
        ...ready,
        messages: ready.messages.map(changed),
        messagesAfterPersist: ready.messagesAfterPersist.map(changed),
      };
    },
  }));
}

function deaf(ignores: (message: Message, core: Core) => boolean): Build {
  return wrapping((core) => ({
    step: (event) => (event.type === 'message' && ignores(event.message, core) ? null : core.step(event)),
  }));
}

function confirmingReadsWhere(knows: (core: Core) => boolean): Build {
  return wrapping((core) => {
    const contexts: number[] = [];
    return {
      step(event) {
        if (event.type !== 'read' || !knows(core)) return core.step(event);
        contexts.push(event.context);
        return null;
      },
      hasReady: () => contexts.length > 0 || core.hasReady(),
      takeReady() {
        const ready = core.takeReady();
        const confirmed = contexts.splice(0).map((context) => ({ context, index: core.commit }));
        return { ...ready, confirmedReads: [...ready.confirmedReads, ...confirmed] };
      },
    };
  });
}

function mapMessage(event: Event, change: (message: Message) => Message): Event {
  return event.type === 'message' ? { type: 'message', message: change(event.message) } : event;
}

function acknowledgeAll(core: Core, message: Message): Message {
  if (message.type !== 'append-response') return message;
  return { ...message, conflict: null, index: core.status().last.index };
}

import type {
  ConfigurationChange,
  ConfigurationStep,
  CoreOptions,
  Entry,
  InitialState,
  NodeId,
} from '../../src/raft/index.js';
import { describeStatus } from '../../src/raft/index.js';
import { some } from '../../src/base/index.js';
import { Cluster, configurationOf, freshState } from './cluster.js';

/*
 * A script tells a story of a cluster: comments, commands, and after each command all that then happened.
 *
 *   # Why this matters.
 *   > campaign 1
 *   1 send 1→2 pre-vote t1 last 0/0
 *
 * Heartbeats without a read are left out unless `show heartbeats` is said. Commands:
 *
 *   nodes 1 2 3 [learners 4] [inflight=2 …]   a fresh cluster, and the options of every core
 *   node 1 of 1 2 3 term 6 log 1 1 4 6        a node with such a log (the terms of its entries), nothing committed
 *   join 4                                    a node that nobody knows yet
 *   campaign|take|crash|restart|isolate 1
 *   persist 1 [one]                           all Readies on their way to the disk, or the oldest
 *   propose 1 a b      change 1 +4 ~5 -2      leave 1        read 1 7       transfer 1 2     compact 1 5
 *   tick 10 [1 2]      run                    deliver 1 2    drop 1 2       cut 1 2          heal
 *   lost 2 1 (2's connection to 1)            unreachable 1 2
 *   streams by hand    stream 1 3 [lost]
 *   status [1 2]       applied [1 2]          show heartbeats
 *   elect 1            campaign and run, quietly
 *   quietly …          any command, without a trace
 */

/** The script again, with what happens now in place of what it says. */
export function replay(script: string): string {
  const output: string[] = [];
  const stage = new Stage((line) => output.push(line));
  for (const line of script.split('\n')) {
    if (line.startsWith('> ')) {
      output.push(line);
      stage.perform(line.slice(2));
    } else if (line.startsWith('#') || line === '') {
      output.push(line);
    }
  }
  return output.join('\n');
}

const optionNames: Readonly<Record<string, keyof Omit<CoreOptions, 'id'>>> = {
  election: 'electionTimeoutTicks',
  heartbeat: 'heartbeatTicks',
  inflight: 'inflightMessagesMax',
  'append-bytes': 'appendSizeBytesMax',
  'uncommitted-bytes': 'uncommittedSizeBytesMax',
};

class Stage {
  #cluster: Cluster;
  #showHeartbeats = false;
  #quiet = false;
  readonly #print: (line: string) => void;

  constructor(print: (line: string) => void) {
    this.#print = print;
    this.#cluster = this.#create({});
  }

  perform(command: string): void {
    if (command.startsWith('quietly ')) {
      this.#quiet = true;
      this.perform(command.slice('quietly '.length));
      this.#quiet = false;
      return;
    }
    const [verb = '', ...words] = command.split(' ');
    const cluster = this.#cluster;
    const first = words[0] ?? '';
    const second = words[1] ?? '';
    switch (verb) {
      case 'nodes':
        this.#nodes(words);
        break;
      case 'node':
        cluster.add(first, stateFrom(words.slice(1)));
        break;
      case 'join':
        cluster.add(first, freshState(configurationOf([])));
        break;
      case 'run':
        cluster.run();
        break;
      case 'tick':
        cluster.tick(Number(first), words.length > 1 ? words.slice(1) : [...cluster.nodes.keys()]);
        break;
      case 'take':
        cluster.take(first);
        break;
      case 'persist':
        for (let left = second === 'one' ? 1 : cluster.node(first).writing.length; left > 0; left--) {
          cluster.persist(first);
        }
        break;
      case 'deliver':
        cluster.deliver(first, second);
        break;
      case 'drop':
        cluster.wires = cluster.wires.filter(({ from, to }) => from !== first || to !== second);
        break;
      case 'crash':
        cluster.crash(first);
        break;
      case 'restart':
        cluster.restart(first);
        break;
      case 'isolate':
        cluster.isolate(first);
        break;
      case 'cut':
        cluster.cut(first, second);
        break;
      case 'heal':
        cluster.heal();
        break;
      case 'streams':
        cluster.streams = 'by hand';
        break;
      case 'stream':
        if (words[2] === 'lost') cluster.step(first, { type: 'snapshot-status', peer: second, ok: false });
        else cluster.stream(first, second);
        break;
      case 'show':
        this.#showHeartbeats = true;
        break;
      default:
        this.#tell(verb, first, words.slice(1));
    }
  }

  /** What only steps an event into one core, or looks at it. */
  #tell(verb: string, id: NodeId, words: readonly string[]): void {
    const cluster = this.#cluster;
    const word = words[0] ?? '';
    switch (verb) {
      case 'campaign':
        cluster.step(id, { type: 'campaign' });
        break;
      case 'propose':
        cluster.step(id, { type: 'propose', commands: words.map((text) => Buffer.from(text)) });
        break;
      case 'change':
        cluster.step(id, { type: 'propose-configuration', change: changeFrom(words) });
        break;
      case 'elect':
        this.perform(`quietly campaign ${id}`);
        this.perform('quietly run');
        break;
      case 'leave':
        cluster.step(id, { type: 'propose-configuration', change: { type: 'leave-joint' } });
        break;
      case 'read':
        cluster.step(id, { type: 'read', context: Number(word) });
        break;
      case 'transfer':
        cluster.step(id, { type: 'transfer-leadership', to: word });
        break;
      case 'compact':
        cluster.step(id, { type: 'compact', index: Number(word) });
        break;
      case 'lost':
        cluster.step(id, { type: 'connection-lost', peer: word });
        break;
      case 'unreachable':
        cluster.step(id, { type: 'unreachable', peer: word });
        break;
      case 'status':
        for (const node of this.#named(id, words))
          describeStatus(cluster.core(node).status()).forEach(this.#print);
        break;
      case 'applied':
        for (const node of this.#named(id, words)) {
          this.#print(`${node} ${cluster.node(node).appliedText.join(' ')}`.trimEnd());
        }
        break;
      default:
        throw new Error(`no such command: ${verb}`);
    }
  }

  #nodes(words: readonly string[]): void {
    const options: { -readonly [Name in keyof Omit<CoreOptions, 'id'>]?: number } = {};
    const ids: NodeId[] = [];
    for (const word of words) {
      const [name = '', value] = word.split('=');
      if (value === undefined) ids.push(word);
      else options[some(optionNames[name], 'an option of the core')] = Number(value);
    }
    const place = ids.indexOf('learners');
    const voters = place < 0 ? ids : ids.slice(0, place);
    const learners = place < 0 ? [] : ids.slice(place + 1);
    this.#cluster = this.#create(options);
    const configuration = configurationOf(voters, learners);
    for (const id of [...voters, ...learners]) this.#cluster.add(id, freshState(configuration));
  }

  #create(options: Partial<CoreOptions>): Cluster {
    return new Cluster(options, (line) => {
      const isHeartbeat = / heartbeat(-response)? t\d+( commit \d+)?$/.test(line);
      if (!this.#quiet && (this.#showHeartbeats || !isHeartbeat)) this.#print(line);
    });
  }

  #named(first: string, others: readonly string[]): readonly NodeId[] {
    return first === '' ? [...this.#cluster.nodes.keys()] : [first, ...others];
  }
}

/** `of 1 2 3 term 6 log 1 1 4 6 [commit 2]` */
function stateFrom(words: readonly string[]): InitialState {
  const lists = new Map<string, string[]>();
  let current: string[] = [];
  for (const word of words) {
    if (/^[a-z]+$/.test(word)) lists.set(word, (current = []));
    else current.push(word);
  }
  const numberOf = (name: string): number => Number(lists.get(name)?.[0] ?? 0);
  const entries: Entry[] = (lists.get('log') ?? []).map((term, place) => {
    return {
      term: Number(term),
      index: place + 1,
      kind: 'normal',
      data: Buffer.from(`${term}.${place + 1}`),
    };
  });
  const hardState = { term: numberOf('term'), vote: null, commit: numberOf('commit') };
  return { ...freshState(configurationOf(lists.get('of') ?? [])), hardState, entries };
}

function changeFrom(words: readonly string[]): ConfigurationChange {
  const types: Readonly<Record<string, ConfigurationStep['type']>> = {
    '+': 'add-voter',
    '~': 'add-learner',
    '-': 'remove',
  };
  const steps = words.map((word) => {
    return { type: some(types[word.slice(0, 1)], 'a sign before the node'), node: word.slice(1) };
  });
  return { type: 'change', steps, context: new Uint8Array(0) };
}

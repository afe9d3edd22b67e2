import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { planPorts } from '../../../cluster/index.js';
import { messageOf } from '../../../src/base/index.js';
import type { Links } from './links.js';
import type { Network } from './types.js';

const run = promisify(execFile);

/** Addresses for tests of networks (RFC 2544): nobody has them. The first is the bridge's, and the clients'. */
const prefix = `198.18.${process.pid % 256}`;
/** An address of hardware that nobody has. */
const nowhere = '02:00:00:00:00:00';

interface Machine {
  readonly namespace: string;
  readonly address: string;
}

/**
 * Every machine in a network namespace of its own, joined by a bridge. What is cut is sent to hardware that is not there: packets
 * are lost in silence, of existing connections and of new ones. Delays and losses are netem's where the kernel has it. Needs root on
 * Linux, and `ip` and `tc`.
 */
export async function createNamespaceNetwork(links: Links, tell: (line: string) => void): Promise<Network> {
  const tag = `qj${process.pid % 100_000}`;
  const bridge = `${tag}b`;
  const machines = new Map<string, Machine>();
  const applied = new Map<string, boolean>();
  /** Changes are carried out one after the other, in their order. */
  let tail: Promise<void> = Promise.resolve();
  let netem: 'untried' | 'there' | 'missing' = 'untried';
  let isClosing = false;

  await ip('link', 'add', bridge, 'type', 'bridge');
  await ip('addr', 'add', `${prefix}.1/24`, 'dev', bridge);
  await ip('link', 'set', bridge, 'up');

  function inTurn(work: () => Promise<void>): void {
    tail = tail.then(work).catch((error: unknown) => {
      if (!isClosing) tell(`the network could not be changed: ${messageOf(error)}`);
    });
  }

  links.subscribe((from, to) => {
    const sender = machines.get(from);
    const receiver = machines.get(to);
    if (sender === undefined || receiver === undefined) return;
    inTurn(async () => {
      const link = `${from} ${to}`;
      const isCut = links.isCut(from, to);
      if ((applied.get(link) ?? false) !== isCut) {
        applied.set(link, isCut);
        const lost = ['lladdr', nowhere, 'nud', 'permanent'];
        const neighbour = isCut ? ['replace', receiver.address, ...lost] : ['del', receiver.address];
        await ip('-n', sender.namespace, 'neigh', ...neighbour, 'dev', 'eth0');
      }
      await delay(sender, Math.max(...[...machines.keys()].map((name) => links.delayMsOf(from, name))));
    });
  });

  /** Of all that the machine sends to others: netem works on a device. */
  async function delay({ namespace }: Machine, delayMs: number): Promise<void> {
    if (netem === 'missing' || (netem === 'untried' && delayMs === 0)) return;
    const disturbed = ['netem', 'delay', `${delayMs / 2}ms`, `${delayMs / 2}ms`, 'loss', '5%'];
    try {
      if (delayMs > 0)
        await run('tc', ['-n', namespace, 'qdisc', 'replace', 'dev', 'eth0', 'root', ...disturbed]);
      else await run('tc', ['-n', namespace, 'qdisc', 'del', 'dev', 'eth0', 'root']).catch(() => undefined);
      netem = 'there';
    } catch (error) {
      netem = 'missing';
      const [, why = messageOf(error)] = messageOf(error).split('\n');
      tell(`left out: loss and delay (this kernel has no netem: ${why})`);
    }
  }

  return {
    kind: 'network namespaces',
    async place(name) {
      const number = machines.size + 2;
      // Every namespace has all of them, but the launcher looks for them in ours.
      const [ports] = await planPorts('free', 1);
      if (ports === undefined) throw new Error('there are ports for one machine');
      const { client: clientPort, peer: peerPort } = ports;
      const namespace = `${tag}n${number}`;
      const address = `${prefix}.${number}`;
      const outside = `${tag}v${number}`;
      await ip('netns', 'add', namespace);
      machines.set(name, { namespace, address });
      await ip('link', 'add', outside, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', namespace);
      await ip('link', 'set', outside, 'master', bridge, 'up');
      await ip('-n', namespace, 'addr', 'add', `${address}/24`, 'dev', 'eth0');
      await ip('-n', namespace, 'link', 'set', 'eth0', 'up');
      await ip('-n', namespace, 'link', 'set', 'lo', 'up');
      const advertisedPeerUrls = [`http://${address}:${peerPort}`];
      const commandPrefix = ['ip', 'netns', 'exec', namespace];
      return { host: address, clientPort, peerPort, advertisedPeerUrls, commandPrefix };
    },
    reset: null,
    async close() {
      isClosing = true;
      await tail;
      for (const { namespace } of machines.values()) await ip('netns', 'del', namespace);
      await ip('link', 'del', bridge);
    },
  };
}

async function ip(...args: readonly string[]): Promise<void> {
  await run('ip', [...args]);
}

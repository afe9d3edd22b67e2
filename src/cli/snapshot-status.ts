import { inspectSnapshot } from '../member/index.js';
import { defineCommand, exitCodes, takePositionals } from './command.js';
import { switchOption } from './options.js';
import { sizeText } from './size-text.js';
import { renderTable, styleFor } from './style.js';

export const snapshotStatusCommand = defineCommand({
  name: 'snapshot status',
  summary: 'Read a snapshot file, check it, and tell what is in it',
  usage: ['[flags] FILE'],
  description: `Reads all of FILE, which this program or etcd wrote, and checks that it is whole. The hash is the one that
\`etcdctl snapshot status\` prints; the keys are all entries of the file, each stored revision of
each key among them. Talks to no cluster.`,
  options: {
    json: switchOption({ description: 'print JSON for programs; see `quorate help json`', env: true }),
  },
  examples: [{ command: 'quorate snapshot status backup.db', meaning: 'is it whole?' }],
  async run({ options, positionals, io }) {
    const [file] = takePositionals(positionals, ['FILE']);
    const summary = await inspectSnapshot(file);
    const { hash, revision, totalKeys, totalSizeBytes, hasChecksum } = summary;
    if (options.json) {
      const fields = {
        hash,
        revision,
        totalKey: totalKeys,
        totalSize: totalSizeBytes,
        checksum: hasChecksum,
      };
      await io.stdout.write(`${JSON.stringify(fields)}\n`);
      return exitCodes.ok;
    }
    const style = styleFor(io.stdout);
    const titles = ['HASH', 'REVISION', 'TOTAL KEYS', 'TOTAL SIZE', 'CHECKSUM'];
    const cells = [
      hash.toString(16),
      String(revision),
      String(totalKeys),
      sizeText(totalSizeBytes),
      hasChecksum ? { text: 'matches', paint: style.green } : { text: 'none', paint: style.yellow },
    ];
    await io.stdout.write(
      renderTable(
        titles.map((title) => ({ title })),
        [cells],
        style,
      ),
    );
    return exitCodes.ok;
  },
});

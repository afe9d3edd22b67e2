import { defineCommand } from './command.js';
import { createLineLogger } from './line-logger.js';
import { UsageError } from './options.js';
import { serve } from './serve.js';
import { serverOptions } from './server-options.js';
import { readSettings } from './server-settings.js';

export const serverCommand = defineCommand({
  name: 'server',
  summary: 'Run one member of a cluster',
  usage: ['[flags]'],
  description: `Runs one member until Ctrl-C or SIGTERM. The flags are named like etcd's; each can also be given
as a variable, --data-dir as QUORATE_DATA_DIR. Without flags it is a cluster of one member.
Nothing listens beyond this machine unless a --listen-… flag says so. After the first start the
member remembers its cluster in its data folder.`,
  options: serverOptions,
  examples: [
    { command: 'quorate server', meaning: 'one member, data in ./default.quorate' },
    {
      command:
        'quorate server --name a --listen-client-urls http://127.0.0.1:2379 \\\n' +
        '    --listen-peer-urls http://127.0.0.1:2380 \\\n' +
        '    --initial-cluster a=http://127.0.0.1:2380,b=http://127.0.0.1:22380,c=http://127.0.0.1:32380',
      meaning: 'one of three; `quorate cluster` starts all of them',
    },
  ],
  async run({ options: given, positionals, io }) {
    const [unexpected] = positionals;
    if (unexpected !== undefined) throw new UsageError(`unexpected argument ${JSON.stringify(unexpected)}`);
    const settings = readSettings(given);
    const logger = createLineLogger(given.logLevel, (line) => {
      io.stderr.write(line).catch(() => undefined); // Whoever read the log has gone; the member has not.
    });
    return serve(settings, logger, io, given.exitWithParent);
  },
});

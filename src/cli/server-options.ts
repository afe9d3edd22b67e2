import { authOptions } from './auth-options.js';
import { backupOptions } from './backup-options.js';
import { logLevels } from './line-logger.js';
import {
  choiceOption,
  integerOption,
  listOption,
  switchOption,
  textOption,
  withEnvironment,
} from './options.js';
import type { OptionValues } from './options.js';
import { servingOptions } from './serving-options.js';
import { tlsOptions } from './tls-options.js';
import { upkeepOptions } from './upkeep-options.js';

/** The flags of `quorate server`, each of which is a variable too. Names and defaults are etcd's where it has them. */
export const serverOptions = withEnvironment({
  name: textOption({ description: "this member's name, one of --initial-cluster", fallback: 'default' }),
  dataDir: textOption({ description: 'folder for all that this member keeps (default: NAME.quorate)' }),
  listenClientUrls: listOption({
    description: 'where clients are served',
    placeholder: 'URL,…',
    fallback: ['http://127.0.0.1:2379'],
  }),
  advertiseClientUrls: listOption({
    description: 'where clients reach this member (default: --listen-client-urls)',
    placeholder: 'URL,…',
    fallback: [],
  }),
  listenPeerUrls: listOption({
    description: 'where the other members are served',
    placeholder: 'URL,…',
    fallback: ['http://127.0.0.1:2380'],
  }),
  initialAdvertisePeerUrls: listOption({
    description: 'where the others reach this member (default: --listen-peer-urls)',
    placeholder: 'URL,…',
    fallback: [],
  }),
  initialCluster: textOption({
    description:
      'all members of a new cluster: NAME=URL,NAME=URL,… with their peer\nURLs (default: this member alone)',
    placeholder: 'MEMBERS',
  }),
  initialClusterState: choiceOption(['new', 'existing'], {
    description: 'existing: join a cluster that runs already',
    fallback: 'new',
  }),
  initialClusterToken: textOption({
    description: 'sets apart clusters of the same members',
    fallback: 'etcd-cluster',
  }),
  heartbeatInterval: integerOption({
    description: 'milliseconds between two heartbeats of the leader',
    placeholder: 'MS',
    fallback: 100,
    min: 10,
    max: 60_000,
  }),
  electionTimeout: integerOption({
    description: 'milliseconds without a leader before an election',
    placeholder: 'MS',
    fallback: 1000,
    min: 50,
    max: 300_000,
  }),
  snapshotCount: integerOption({
    description: 'log entries after which the log is cut',
    fallback: 10_000,
    min: 1,
    max: 100_000_000,
  }),
  autoCompactionMode: choiceOption(['periodic', 'revision'], {
    description: 'what --auto-compaction-retention counts',
    fallback: 'periodic',
  }),
  autoCompactionRetention: textOption({
    description:
      'history to keep: a time (1h, 30m; a plain number is hours) or a\nnumber of revisions; 0 keeps all',
    placeholder: 'AMOUNT',
    fallback: '0',
  }),
  ...servingOptions,
  ...upkeepOptions,
  ...authOptions,
  ...tlsOptions,
  ...backupOptions,
  logLevel: choiceOption(logLevels, {
    description: 'what is worth a line on standard error',
    fallback: 'info',
  }),
  exitWithParent: switchOption({
    description: 'stop when standard input ends: whoever started this process is gone',
  }),
});

export type ServerOptions = OptionValues<typeof serverOptions>;

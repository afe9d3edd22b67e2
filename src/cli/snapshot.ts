import { defineGroup } from './command-group.js';
import { snapshotRestoreCommand } from './snapshot-restore.js';
import { snapshotSaveCommand } from './snapshot-save.js';
import { snapshotStatusCommand } from './snapshot-status.js';

export const snapshotCommand = defineGroup({
  name: 'snapshot',
  summary: 'Save the whole store as a file, look at one, start anew from one',
  description: `A snapshot is the whole state of a cluster at one revision, as a file of etcd's: \`etcdctl snapshot status\`
and \`etcdctl snapshot restore\` take it too, and these commands take etcd's.`,
  commands: [snapshotSaveCommand, snapshotStatusCommand, snapshotRestoreCommand],
});

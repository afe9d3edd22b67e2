interface HelpTopic {
  readonly name: string;
  readonly summary: string;
  readonly text: string;
}

/** What `quorate help TOPIC` tells beyond single commands. */
export const helpTopics: readonly HelpTopic[] = [
  {
    name: 'exit-codes',
    summary: 'what the process ends with',
    text: `Exit codes:
  0    it worked
  1    the cluster refused, or something failed for good
  2    the command line or the input is wrong; nothing was sent
  3    the key or the lease that was asked for is not there
  4    nobody answered in time; a write may still have happened, and the message says so
  130  ended by Ctrl-C or SIGTERM

Where Ctrl-C is how it ends (\`watch\`, \`lease keep-alive\`, a \`lock\` that is held, \`elect\`,
\`mirror\`), the code is 0.
\`lock NAME -- COMMAND\` ends with the code of COMMAND: 128 and the signal's number if one ended it, 127 if
there is no such command, 126 if it cannot be run.
`,
  },
  {
    name: 'json',
    summary: 'what --json prints',
    text: `With --json, standard output is one JSON document. Keys and values are bytes: \`key\` and \`value\` hold them
in base64, \`keyText\` and \`valueText\` as text if they are valid UTF-8. Lease ids and member ids are
hexadecimal texts; revisions and counts are numbers.

  ENTRY    {"key", "keyText"?, "value", "valueText"?, "createRevision", "modRevision", "version",
            "lease"?}
  put      {"revision", "previous"?: ENTRY}
  get      {"revision", "count", "more", "entries": [ENTRY]}; without values under --keys-only;
            {"revision", "count"} under --count-only
  del      {"revision", "deleted", "previous": [ENTRY]}
  txn      {"revision", "succeeded", "results": [{"put" | "get" | "del": as above}]}
  watch    a document for each event, one a line:
             {"type": "put", "revision", "entry": ENTRY, "previous"?: ENTRY}
             {"type": "delete", "revision", "key", "keyText"?, "previous"?: ENTRY}
             {"type": "progress", "revision"}
  lease grant, lease keep-alive  {"lease", "ttlSeconds"}
  lease revoke                   {"lease"}
  lease ttl                      {"lease", "ttlSeconds", "grantedSeconds", "keys"?: [{"key", "keyText"?}]}
  lease list                     {"leases": [ID]}
  lock     {"key", "keyText"?, "fence"}
  elect    {"key", "keyText"?, "revision"}; with --listen, a line for each leader: ENTRY
  mirror   {"revision", "putCount", "deletedCount"} at its end
  compact  {"compactedRevision", "revision"}
  status   {"endpoints": [{"endpoint", "healthy", "error"?, "id", "clusterId", "version", "leader"?, "isLeader",
            "isLearner", "term", "index", "appliedIndex", "revision", "databaseSizeBytes",
            "databaseUsedBytes", "errors", "latencyMs"}]}; of an endpoint out of reach, the first three only
  member list | remove | update | promote
           {"members": [MEMBER]}, with MEMBER {"id", "name", "peerUrls", "clientUrls", "isLearner"}
  member add
           {"member": MEMBER, "members": [MEMBER], "start": {"name", "initialCluster", "initialClusterState"}}
  move-leader     {"leader": id}
  alarm list | disarm   {"alarms": [{"memberId", "kind": "no-space" | "corrupt"}]}
  defrag   {"endpoints": [{"endpoint", "sizeBeforeBytes", "sizeAfterBytes"} or {"endpoint", "error"}]}
  hash     {"verdict": "equal" | "different" | "unknown" | "apart", "members": [{"id", "name", "endpoint",
            "hash", "revision", "compactRevision"} or {"id", "name", "endpoint", "error"}]}
  auth     {"isEnabled", "revision" (of status)}
  user     {"user", "role"? | "roles"?}; list {"users"}
  role     {"role", "permissions"? | "permission"? | "keys"?}; list {"roles"}. A permission is {"access", KEYS},
            KEYS one of "key", "prefix", "from", "from" with "to", and "keyText" and so on beside it
  snapshot save     {"file", "hash", "revision", "totalKey", "totalSize"}
  snapshot status   {"hash", "revision", "totalKey", "totalSize", "checksum"}
  snapshot restore  {"dataFolder", "memberId", "clusterId", "revision", "compactRevision", "keyCount",
                    "leaseCount", "userCount", "roleCount", "alarmCount", "isAuthEnabled", "ignored"}

A failure prints {"error": {"code", "message", "advice"?, "endpoint"?, "mayHaveHappened"}} on standard error.
`,
  },
];

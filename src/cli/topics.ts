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
  3    \`get\` of a key that is not there
  4    nobody answered in time; a write may still have happened, and the message says so
  130  ended by Ctrl-C or SIGTERM
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
  compact  {"compactedRevision", "revision"}
  status   {"endpoints": [{"endpoint", "healthy", "error"?, "id", "clusterId", "version", "leader"?, "isLeader",
            "isLearner", "term", "index", "appliedIndex", "revision", "databaseSizeBytes",
            "databaseUsedBytes", "errors", "latencyMs"}]}; of an endpoint out of reach, the first three only
  members  {"members": [{"id", "name", "peerUrls", "clientUrls", "isLearner"}]}
  snapshot save     {"file", "hash", "revision", "totalKey", "totalSize"}
  snapshot status   {"hash", "revision", "totalKey", "totalSize", "checksum"}
  snapshot restore  {"dataFolder", "memberId", "clusterId", "revision", "compactRevision", "keyCount",
                    "leaseCount", "userCount", "roleCount", "alarmCount", "isAuthEnabled", "ignored"}

A failure prints {"error": {"code", "message", "endpoint"?, "mayHaveHappened"}} on standard error.
`,
  },
];

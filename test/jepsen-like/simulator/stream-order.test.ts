import { expect, test } from 'vitest';
import { readPlan } from '../../../jepsen-like/plan/index.js';
import { runPlan } from '../../../jepsen-like/torture/run.js';
import { complaintOf } from '../../../jepsen-like/torture/shrink.js';

// Seed 100018, shrunk from 2,014 steps: two events that a cut link had held back arrived in the order of their next tries.
const plan = `
plan {"seed":100018,"members":3,"heartbeatIntervalMs":50,"electionTimeoutMs":500,"snapshotCount":10000,"catchUpEntries":5000,"diskFactor":1,"workloads":["watch"],"clients":1,"keys":1,"durationMs":17318,"lastCuts":[[2,1]]}
10.457s client 0: {"type":"put","key":"watch/0","value":"1052"}
10.458s fault: {"kind":"kill","target":0,"forMs":16}
11.188s fault: {"kind":"isolate","target":1,"direction":"out","clients":true,"forMs":500}
11.204s client 0: {"type":"put","key":"watch/0","value":"1112"}
11.697s client 0: {"type":"watch","key":"watch/","rangeEnd":"watch0","back":0,"prevKv":false,"noPut":false,"noDelete":true}
16.048s fault: {"kind":"isolate","target":"follower","direction":"out","clients":true,"forMs":2500}
16.130s client 0: {"type":"put","key":"watch/0","value":"1613"}
16.818s client 0: {"type":"put","key":"watch/0","value":"1673"}
`;

test('what a stream carries stays in order, also when its link was cut', async () => {
  expect(complaintOf(await runPlan(readPlan(plan)))).toBeNull();
});

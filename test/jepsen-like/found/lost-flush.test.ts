import { expect, test } from 'vitest';
import { readPlan } from '../../../jepsen-like/plan/index.js';
import { runPlan } from '../../../jepsen-like/torture/run.js';
import { complaintOf } from '../../../jepsen-like/torture/shrink.js';

// Found by seed 110, shrunk from 2,022 steps: a flush of the state that the disk lost was missing from what watches were told of the past.
const plan = `
plan {"seed":110,"members":3,"heartbeatIntervalMs":75,"electionTimeoutMs":750,"snapshotCount":10000,"catchUpEntries":1,"diskFactor":1,"workloads":["election","watch","set"],"clients":7,"keys":2,"durationMs":9575,"lastCuts":[]}
8.290s client 1: {"type":"put","key":"watch/0","value":"831"}
8.500s client 1: {"type":"both","keys":["watch/1","watch/x2"],"value":"851","readBack":25}
8.518s fault: {"kind":"damage","target":2,"how":"lose","pick":996670}
8.819s client 1: {"type":"delete","key":"watch/0"}
8.825s client 1: {"type":"watch","key":"watch/","rangeEnd":"watch0","back":15,"prevKv":false,"noPut":false,"noDelete":false}
`;

test('a member ends itself rather than leave out of its history what its disk has lost', async () => {
  const result = await runPlan(readPlan(plan));
  expect(result.faults.get('damage')).toBe(1);
  expect(complaintOf(result)).toBeNull();
});

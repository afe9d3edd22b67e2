import { describe, expect, it } from 'vitest';
import { Violation } from '../../../jepsen-like/simulator/index.js';
import { readOptions } from '../../../jepsen-like/torture/options.js';
import { reportOf } from '../../../jepsen-like/torture/report.js';
import { sampleReport } from './sample.js';

const { history, verdicts } = sampleReport({
  ...{ seed: 1, operations: 50, clients: 2, durationUs: 10_000_000, withAnomalies: false },
});
const words = { title: 'torture, seed 1', replay: 'npm run torture -- --replay torture-plan-1.txt' };

describe('the report of a simulated run', () => {
  it('has a broken invariant among its verdicts, with when it broke', () => {
    const violation = new Violation('election safety', 'm1 and m2 both lead in term 4');
    const report = reportOf({ history, verdicts, violation, simulatedMs: 9500 }, words);
    expect(report.verdicts[0]).toMatchObject({
      checker: 'invariants',
      verdict: {
        type: 'violated',
        anomalies: [
          { name: 'election safety', explanation: 'm1 and m2 both lead in term 4', atUs: 9_500_000 },
        ],
      },
    });
  });

  it('says of a run that broke none that all hold, and what does it again', () => {
    const report = reportOf({ history, verdicts, violation: null, simulatedMs: 9500 }, words);
    expect(report.verdicts[0]).toEqual({ checker: 'invariants', verdict: { type: 'ok' } });
    expect(report.verdicts.slice(1)).toEqual(verdicts);
    expect(report.history.replay).toBe(words.replay);
  });

  it('goes where the flag says', () => {
    expect(readOptions(['--replay', '7', '--report', 'run.html'], 2).report).toBe('run.html');
    expect(readOptions([], 2).report).toBeNull();
  });
});

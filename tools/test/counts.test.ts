import { describe, expect, it } from 'vitest';
import { addCounts, countJunit, countLastLine, countVitest, noCounts } from './counts.ts';

describe('gate: counting', () => {
  it('vitest: a file that could not be loaded is one failure, a file with a failed test is not counted twice', () => {
    const report = {
      numPassedTests: 3, numFailedTests: 1, numPendingTests: 2, numTodoTests: 0,
      testResults: [
        { name: 'a.test.ts', status: 'failed', message: '', assertionResults: [{ fullName: 'a fails', status: 'failed' }] },
        { name: 'b.test.ts', status: 'failed', message: 'SyntaxError: x\n at y', assertionResults: [] },
        { name: 'c.test.ts', status: 'passed', message: '', assertionResults: [] },
      ],
    };
    expect(countVitest(JSON.stringify(report))).toEqual({ passed: 3, failed: 2, skipped: 2, failures: ['a fails', 'b.test.ts: SyntaxError: x'] });
  });

  it('ctest: failures by name, tests that did not run are not passes', () => {
    const xml = `<testsuite name="x" tests="4" failures="1" disabled="1" skipped="1" time="0">
      <testcase name="pool_test" classname="pool_test" time="1" status="fail"><failure message=""/></testcase>
      <testcase name="loop_test" classname="loop_test" time="1" status="run"/></testsuite>`;
    expect(countJunit(xml)).toEqual({ passed: 1, failed: 1, skipped: 2, failures: ['pool_test'] });
  });

  it('ctest: an empty report counts nothing, so that the stage fails for having run nothing', () => {
    expect(countJunit('')).toEqual(noCounts);
  });

  it('simulator: the last verdict of its output, none when it says none', () => {
    expect(countLastLine('seed 7: ok\n1 passed, 0 failed\n199 passed, 1 failed\n')).toEqual({ ...noCounts, passed: 199, failed: 1 });
    expect(countLastLine('seed 7')).toBeNull();
  });

  it('sums', () => {
    expect(addCounts({ ...noCounts, passed: 2, failures: ['a'] }, { ...noCounts, failed: 1, failures: ['b'] })).toEqual({ passed: 2, failed: 1, skipped: 0, failures: ['a', 'b'] });
  });
});

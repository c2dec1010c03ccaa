import { describe, expect, it } from '@jest/globals';
import { tallyReport } from './jest-run.js';

const green = { success: true, numPassedTests: 5, numFailedTests: 0, numRuntimeErrorTestSuites: 0 };

describe(tallyReport, () => {
  it('counts passed and failed tests', () => {
    expect(tallyReport(green, 0)).toEqual({ passed: 5, failed: 0 });
    expect(tallyReport({ ...green, success: false, numFailedTests: 2 }, 1)).toEqual({
      passed: 5,
      failed: 2,
    });
  });

  it('counts a file that does not load as a failure', () => {
    const report = { ...green, success: false, numRuntimeErrorTestSuites: 1 };
    expect(tallyReport(report, 1)).toEqual({ passed: 5, failed: 1 });
  });

  it('counts a run that broke off as a failure', () => {
    expect(tallyReport(undefined, 0)).toEqual({ passed: 0, failed: 1 });
    expect(tallyReport(green, 124)).toEqual({ passed: 5, failed: 1 });
  });
});

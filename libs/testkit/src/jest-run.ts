import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runNode } from './process-group.js';

export type Tally = Readonly<{ passed: number; failed: number }>;

/** The part of Jest's JSON report that is counted. */
type Report = Readonly<{
  success: boolean;
  numPassedTests: number;
  numFailedTests: number;
  numRuntimeErrorTestSuites: number;
}>;

export type JestRun = Readonly<{
  root: string;
  folder: string;
  project: 'parts' | 'system' | 'long';
  args: readonly string[];
  env: NodeJS.ProcessEnv;
  timeoutMs: number;
}>;

/** Runs one of the projects of `jest.config.mjs`; a run that breaks off counts as a failure. */
export async function runJest(run: JestRun): Promise<Tally> {
  const reportPath = join(run.folder, `${run.project}.json`);
  const code = await runNode({
    args: [
      '--disable-warning=ExperimentalWarning',
      '--experimental-vm-modules',
      join(run.root, 'node_modules/jest/bin/jest.js'),
      ...['--selectProjects', run.project],
      // A filter may fit the tests of one project only; without one, a project without tests is a mistake.
      ...(run.args.length > 0 ? ['--passWithNoTests'] : []),
      ...['--json', '--outputFile', reportPath],
      // A market of several processes is one test's subject; two at once would only fight for the cores.
      ...(run.project === 'parts' ? [] : ['--runInBand']),
      ...run.args,
    ],
    cwd: run.root,
    env: run.env,
    timeoutMs: run.timeoutMs,
  });
  return tallyReport(await readReport(reportPath), code);
}

async function readReport(path: string): Promise<Report | undefined> {
  const text = await readFile(path, 'utf8').catch(() => '');
  return text === '' ? undefined : (JSON.parse(text) as Report);
}

/** Counts a report. A file that could not be loaded, or an exit code that the tests don't explain, is a failure. */
export function tallyReport(report: Report | undefined, exitCode: number): Tally {
  if (!report) return { passed: 0, failed: 1 };
  const failed = report.numFailedTests + report.numRuntimeErrorTestSuites;
  const isUnexplained = failed === 0 && (exitCode !== 0 || !report.success);
  return { passed: report.numPassedTests, failed: isUnexplained ? 1 : failed };
}

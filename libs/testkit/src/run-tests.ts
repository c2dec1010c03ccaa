import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { guard } from '@aisbf/one-machine';
import { runJest, type Tally } from './jest-run.js';
import { Ending, endAll, runNode } from './process-group.js';
import { findSurvivors, killSurvivors } from './survivor.js';
import { startTestServers, type TestServers } from './test-server.js';
import { until } from './until.js';

/**
 * The test command: house rules, unit and integration tests, then system tests, against servers of its own
 * in a folder of its own. The last line says how many passed and failed.
 *
 *   run-tests.js [--long] [arguments for Jest, such as a part of a path]
 *
 * With arguments for Jest only the tests run, not the house rules.
 */
const root = join(import.meta.dirname, '../../..');
const longFlag = '--long';

/** A stage takes some six minutes on two quiet cores. What hangs is stopped; what is only slow is not. */
const stageMsMax = 35 * 60_000;
const longStageMsMax = 60 * 60_000;
/** The guard of a test process that was killed gives its servers five seconds to stop. */
const survivorsGraceMs = 8_000;

const houseRules: ReadonlyArray<readonly [name: string, ...args: string[]]> = [
  ['format and lint', 'node_modules/@biomejs/biome/bin/biome', 'check', '--error-on-warnings', '.'],
  [
    'boundaries',
    'node_modules/dependency-cruiser/bin/dependency-cruiser.mjs',
    ...['apps', 'libs', 'prisma', 'bench', 'test', '--config', '.dependency-cruiser.mjs'],
  ],
  ['types of tests', 'node_modules/typescript/bin/tsc', '-p', 'tsconfig.tests.json'],
];

type Run = Readonly<{ folder: string; env: NodeJS.ProcessEnv }>;

function sum(tallies: readonly Tally[]): Tally {
  return tallies.reduce(
    (total, { passed, failed }) => ({
      passed: total.passed + passed,
      failed: total.failed + failed,
    }),
    { passed: 0, failed: 0 },
  );
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** Biome's warnings count as well: a warning that may stay is a rule that should go. */
async function checkHouseRules({ env }: Run): Promise<Tally> {
  const tallies: Tally[] = [];
  for (const [name, ...args] of houseRules) {
    say(`\n── ${name}`);
    const code = await runNode({ args, cwd: root, env, timeoutMs: stageMsMax });
    tallies.push(code === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 });
  }
  return sum(tallies);
}

async function runTests({ folder, env }: Run, args: readonly string[]): Promise<Tally> {
  const filters = args.filter((arg) => arg !== longFlag);
  const isLong = args.includes(longFlag);
  const tallies: Tally[] = [];
  if (!isLong && filters.length === 0) tallies.push(await checkHouseRules({ folder, env }));
  for (const project of isLong ? (['long'] as const) : (['parts', 'system'] as const)) {
    say(`\n── tests: ${project}`);
    const timeoutMs = isLong ? longStageMsMax : stageMsMax;
    tallies.push(await runJest({ root, folder, project, args: filters, env, timeoutMs }));
  }
  return sum(tallies);
}

/** Whatever a test started and did not end is a failure of that test. */
async function countSurvivors(folder: string): Promise<Tally> {
  const isAlone = async () => (await findSurvivors(folder)).length === 0;
  try {
    await until(isAlone, { timeoutMs: survivorsGraceMs });
    return { passed: 0, failed: 0 };
  } catch {
    const survivors = await findSurvivors(folder);
    for (const { pid, command } of survivors) say(`left behind by the tests: ${pid} ${command}`);
    killSurvivors(survivors);
    return { passed: 0, failed: 1 };
  }
}

async function main(args: readonly string[]): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'aisbf-test-'));
  guard.removeAtEnd(folder);
  // Postgres refuses to run as root, so another user has to pass through this folder to its own.
  await chmod(folder, 0o711);

  let servers: TestServers | undefined;
  const cleanUp = async (): Promise<Tally> => {
    await endAll();
    await servers?.stop();
    const left = await countSurvivors(folder);
    await rm(folder, { recursive: true, force: true });
    await guard.end();
    return left;
  };
  let exitCode: number | undefined;
  const stopOn = (signal: NodeJS.Signals, code: number) => {
    // Once: a second Ctrl-C ends us at once, and the guard cleans up.
    process.once(signal, () => {
      say('\nInterrupted: stopping the tests.');
      exitCode = code;
      void endAll();
    });
  };
  stopOn('SIGINT', 130);
  stopOn('SIGTERM', 143);
  stopOn('SIGHUP', 129);

  const tallies: Tally[] = [];
  try {
    servers = await startTestServers(join(folder, 'servers'));
    const env = { ...process.env, ...servers.env, TMPDIR: folder };
    tallies.push(await runTests({ folder, env }, args));
  } catch (error) {
    if (!(error instanceof Ending)) {
      console.error(error);
      tallies.push({ passed: 0, failed: 1 });
    }
  } finally {
    tallies.push(await cleanUp());
  }
  if (exitCode !== undefined) return exitCode;

  const { passed, failed } = sum(tallies);
  say(`\n${passed} passed, ${failed} failed`);
  return failed === 0 && passed > 0 ? 0 : 1;
}

process.exitCode = await main(process.argv.slice(2));

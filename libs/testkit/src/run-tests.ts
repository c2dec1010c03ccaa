import { randomUUID } from 'node:crypto';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runJest, type Tally } from './jest-run.js';
import { endAll, runNode } from './process-group.js';
import { findSurvivors, killSurvivors, runMarkName } from './survivor.js';
import { startTestServers, type TestServers } from './test-server.js';

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

/** The promise of `npm test` is ten minutes; what hangs is stopped before that. */
const stageMsMax = 9 * 60_000;
const longStageMsMax = 60 * 60_000;

const houseRules: ReadonlyArray<readonly [name: string, ...args: string[]]> = [
  ['format and lint', 'node_modules/@biomejs/biome/bin/biome', 'check', '.'],
  [
    'boundaries',
    'node_modules/dependency-cruiser/bin/dependency-cruiser.mjs',
    ...['apps', 'libs', 'prisma', 'bench', 'test', '--config', '.dependency-cruiser.mjs'],
  ],
  ['types of tests', 'node_modules/typescript/bin/tsc', '-p', 'tsconfig.tests.json'],
];

type Run = Readonly<{ tempFolder: string; mark: string; env: NodeJS.ProcessEnv }>;

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

async function checkHouseRules({ env }: Run): Promise<Tally> {
  const tallies: Tally[] = [];
  for (const [name, ...args] of houseRules) {
    say(`\n── ${name}`);
    const code = await runNode({ args, cwd: root, env, timeoutMs: stageMsMax });
    tallies.push(code === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 });
  }
  return sum(tallies);
}

async function runTests(run: Run, args: readonly string[]): Promise<Tally> {
  const filters = args.filter((arg) => arg !== longFlag);
  const isLong = args.includes(longFlag);
  const tallies: Tally[] = [];
  if (!isLong && filters.length === 0) tallies.push(await checkHouseRules(run));
  for (const project of isLong ? (['long'] as const) : (['parts', 'system'] as const)) {
    say(`\n── tests: ${project}`);
    const timeoutMs = isLong ? longStageMsMax : stageMsMax;
    tallies.push(await runJest({ root, project, args: filters, timeoutMs, ...run }));
  }
  return sum(tallies);
}

/** Whatever a test started and did not end is a failure of that test. */
async function countSurvivors(mark: string): Promise<Tally> {
  const survivors = await findSurvivors(mark);
  for (const { pid, command } of survivors) say(`left behind by the tests: ${pid} ${command}`);
  killSurvivors(survivors);
  return { passed: 0, failed: survivors.length === 0 ? 0 : 1 };
}

async function main(args: readonly string[]): Promise<number> {
  const mark = randomUUID();
  const tempFolder = await mkdtemp(join(tmpdir(), 'aisbf-test-'));
  // Postgres refuses to run as root, so another user has to pass through this folder to its own.
  await chmod(tempFolder, 0o711);
  process.env[runMarkName] = mark;
  process.env.TMPDIR = tempFolder;

  let servers: TestServers | undefined;
  const cleanUp = async () => {
    await endAll();
    await servers?.stop();
    const left = await countSurvivors(mark);
    await rm(tempFolder, { recursive: true, force: true });
    return left;
  };
  const interrupted = (exitCode: number) => () => {
    say('\nInterrupted: stopping the tests.');
    cleanUp().finally(() => process.exit(exitCode));
  };
  process.once('SIGINT', interrupted(130));
  process.once('SIGTERM', interrupted(143));
  process.once('SIGHUP', interrupted(129));

  const tallies: Tally[] = [];
  try {
    servers = await startTestServers(join(tempFolder, 'servers'));
    const env = { ...process.env, ...servers.env };
    tallies.push(await runTests({ tempFolder, mark, env }, args));
  } catch (error) {
    console.error(error);
    tallies.push({ passed: 0, failed: 1 });
  } finally {
    tallies.push(await cleanUp());
  }

  const { passed, failed } = sum(tallies);
  say(`\n${passed} passed, ${failed} failed`);
  return failed === 0 && passed > 0 ? 0 : 1;
}

process.exitCode = await main(process.argv.slice(2));

/**
 * The bench command: measures the gateway beside what it can be compared with, all in one run on this machine.
 */
import { guard } from '@aisbf/one-machine';
import { type BenchOptions, benchOptions, usage } from './bench-options.js';
import {
  type LedgerBenchOptions,
  ledgerBenchOptions,
  ledgerUsage,
} from './ledger-bench/ledger-bench-options.js';
import { runLedgerBench } from './ledger-bench/run.js';
import { runBench } from './run.js';

const startedMs = Date.now();

/** On stderr, so that stdout is the result alone. */
function progress(step: string): void {
  const seconds = ((Date.now() - startedMs) / 1_000).toFixed(1);
  process.stderr.write(`${seconds.padStart(6)} s  ${step}\n`);
}

type Command =
  | Readonly<{ name: 'gateway'; options: BenchOptions }>
  | Readonly<{ name: 'ledger'; options: LedgerBenchOptions }>;

function commandOrUsage(): Command {
  const [first, ...rest] = process.argv.slice(2);
  try {
    return first === 'ledger'
      ? { name: first, options: ledgerBenchOptions(rest) }
      : { name: 'gateway', options: benchOptions(process.argv.slice(2)) };
  } catch (error) {
    process.stderr.write(
      `${error instanceof Error ? error.message : error}\n\n${usage}${ledgerUsage}`,
    );
    process.exit(2);
  }
}

if (process.argv.includes('--help')) {
  process.stdout.write(`${usage}${ledgerUsage}`);
  process.exit();
}
const command = commandOrUsage();
let isStopping = false;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => {
    isStopping = true;
    // The guard stops and removes whatever was started.
    guard.end().then(
      () => process.exit(130),
      () => process.exit(1),
    );
  });
}

try {
  const result =
    command.name === 'ledger'
      ? await runLedgerBench(command.options, progress)
      : await runBench(command.options, progress);
  process.stdout.write(`${result}\n`);
} catch (error) {
  // What follows from being stopped is no news.
  if (!isStopping) process.stderr.write(`\n${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 1;
}
await guard.end();
process.exit();

/**
 * The bench command: measures the gateway, the kinds of its endpoints or the broker beside what each can be compared
 * with, or the ledger, or how routes are decided, all in one run on this machine.
 */
import { guard } from '@aisbf/one-machine';
import { type BenchCommand, benchCommand, usage } from './bench-options.js';
import { runBrokerBench } from './broker/run.js';
import { endpointUsage } from './endpoints/endpoint-bench-options.js';
import { runEndpointBench } from './endpoints/run.js';
import { ledgerUsage } from './ledger-bench/ledger-bench-options.js';
import { runLedgerBench } from './ledger-bench/run.js';
import { routingUsage } from './routing/routing-bench-options.js';
import { runRoutingBench } from './routing/run.js';
import { runBench } from './run.js';

const startedMs = Date.now();
const allUsage = `${usage}${endpointUsage}${ledgerUsage}${routingUsage}`;

/** On stderr, so that stdout is the result alone. */
function progress(step: string): void {
  const seconds = ((Date.now() - startedMs) / 1_000).toFixed(1);
  process.stderr.write(`${seconds.padStart(6)} s  ${step}\n`);
}

function commandOrUsage(): BenchCommand {
  try {
    return benchCommand(process.argv.slice(2));
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n\n${allUsage}`);
    process.exit(2);
  }
}

function run(command: BenchCommand): Promise<string> {
  switch (command.name) {
    case 'broker':
      return runBrokerBench(command.options, progress);
    case 'endpoints':
      return runEndpointBench(command.options, progress);
    case 'ledger':
      return runLedgerBench(command.options, progress);
    case 'routing':
      return runRoutingBench(command.options, progress);
    case 'gateway':
      return runBench(command.options, progress);
  }
}

if (process.argv.includes('--help')) {
  process.stdout.write(allUsage);
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
  process.stdout.write(`${await run(command)}\n`);
} catch (error) {
  // What follows from being stopped is no news.
  if (!isStopping) process.stderr.write(`\n${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 1;
}
await guard.end();
process.exit();

import { readConfig, runMain, shutdownOnSignal } from '@aisbf/platform';
import { startAccounts } from './accounts.js';
import { accountsSettings } from './config.js';
import { runReconcile } from './reconcile.module.js';

const [command, ...args] = process.argv.slice(2);

runMain(command === 'reconcile' ? reconcile : serve);

async function serve(): Promise<void> {
  const settings = readConfig(accountsSettings, process.env);
  const { log, readiness, close } = await startAccounts(settings);
  shutdownOnSignal({ log, readiness, close, graceMs: settings.ACCOUNTS_SHUTDOWN_GRACE_MS });
}

async function reconcile(): Promise<void> {
  const print = (text: string) => void process.stdout.write(`${text}\n`);
  try {
    process.exitCode = await runReconcile(process.env, args, print);
  } catch (error) {
    // That it could not find out is to be told from what it found.
    process.stderr.write(
      `could not reconcile: ${error instanceof Error ? error.message : error}\n`,
    );
    process.exitCode = 2;
  }
}

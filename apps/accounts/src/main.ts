import { readConfig, runMain, shutdownOnSignal } from '@aisbf/platform';
import { startAccounts } from './accounts.js';
import { accountsSettings } from './config.js';

runMain(async () => {
  const settings = readConfig(accountsSettings, process.env);
  const { log, readiness, close } = await startAccounts(settings);
  shutdownOnSignal({ log, readiness, close, graceMs: settings.ACCOUNTS_SHUTDOWN_GRACE_MS });
});

import { readConfig, runMain, shutdownOnSignal } from '@aisbf/platform';
import { startBroker } from './broker.js';
import { brokerSettings } from './config.js';

runMain(async () => {
  const settings = readConfig(brokerSettings, process.env);
  const { log, readiness, close } = await startBroker(settings);
  shutdownOnSignal({ log, readiness, close, graceMs: settings.BROKER_SHUTDOWN_GRACE_MS });
});

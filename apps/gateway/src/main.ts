import { readConfig, runMain, shutdownOnSignal } from '@aisbf/platform';
import { gatewaySettings } from './config.js';
import { startGateway } from './gateway.js';

runMain(async () => {
  const settings = readConfig(gatewaySettings, process.env);
  const { log, readiness, close } = await startGateway(settings);
  shutdownOnSignal({ log, readiness, close, graceMs: settings.GATEWAY_SHUTDOWN_GRACE_MS });
});

import { readConfig, runMain, shutdownOnSignal } from '@aisbf/platform';
import { routerSettings } from './config.js';
import { startRouter } from './router.js';

runMain(async () => {
  const settings = readConfig(routerSettings, process.env);
  const { log, readiness, close } = await startRouter(settings);
  shutdownOnSignal({ log, readiness, close, graceMs: settings.ROUTER_SHUTDOWN_GRACE_MS });
});

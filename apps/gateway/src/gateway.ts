import { loadEncodings } from '@aisbf/metering';
import { createLog, Metrics, NatsBus, Readiness, startHttpService } from '@aisbf/platform';
import { appModule } from './app.module.js';
import { runsBatches } from './batch.module.js';
import type { GatewaySettings } from './config.js';
import { AccessWatch } from './inbound/access-watch.js';
import { BatchRoutes } from './inbound/batch-routes.js';
import { BatchWorker } from './inbound/batch-worker.js';
import { ollamaPrefixes } from './inbound/buyer-paths.js';
import { CheckpointClock } from './inbound/checkpoint-clock.js';
import { FileRoutes } from './inbound/file-routes.js';
import { MessageRoutes } from './inbound/message-routes.js';
import { OllamaProbes } from './inbound/ollama-probes.js';
import { OpenAiRoutes, type RouteSet } from './inbound/openai-routes.js';
import { addOpenApi } from './inbound/openapi-route.js';
import { RealtimeDoor } from './inbound/realtime-door.js';
import { ResponseRoutes } from './inbound/response-routes.js';
import { mayUpgrade, routeUpgrades } from './inbound/upgrades.js';
import { OpenSessions } from './services/open-sessions.js';
import { VideoWatch } from './services/video-watch.js';

/** The whole service, running. */
export async function startGateway(settings: GatewaySettings) {
  const log = createLog('gateway', settings.GATEWAY_LOG_LEVEL);
  const metrics = new Metrics('gateway');
  const readiness = new Readiness();
  loadEncodings();
  const bus = await NatsBus.connect({ url: settings.AISBF_NATS_URL, name: 'gateway', log });
  readiness.add('router', () => answers(settings.GATEWAY_ROUTER_URL));

  const app = await startHttpService({
    module: appModule(settings, { bus, log, metrics }),
    host: settings.GATEWAY_HTTP_HOST,
    port: settings.GATEWAY_HTTP_PORT,
    bodyBytesMax: settings.GATEWAY_BODY_BYTES_MAX,
    internalSecret: settings.AISBF_INTERNAL_SECRET,
    trustedProxies: settings.AISBF_TRUSTED_PROXIES,
    log,
    metrics,
    readiness,
    mayUpgrade,
    onFastify: (fastify, nest) => {
      addOpenApi(fastify);
      const door = nest.get(OpenAiRoutes);
      const others = [ResponseRoutes, MessageRoutes, FileRoutes, BatchRoutes, RealtimeDoor];
      door.addTo(
        fastify,
        others.map((one) => nest.get<RouteSet>(one)),
      );
      routeUpgrades(fastify);
      door.open(fastify, ollamaPrefixes, (scope) => nest.get(OllamaProbes).addTo(scope));
    },
  });
  if (runsBatches(settings)) app.get(BatchWorker).start();
  const watch = app.get(VideoWatch);
  watch.start();
  app.get(AccessWatch).start();
  app.get(CheckpointClock).start();
  readiness.markStarted();
  log.info({ url: await app.getUrl() }, 'the gateway is open');

  return {
    app,
    log,
    readiness,
    close: async () => {
      await app.get(OpenSessions).leave(settings.GATEWAY_REALTIME_LEAVE_MS);
      await app.get(AccessWatch).stop();
      await watch.stop();
      await app.get(CheckpointClock).stop();
      await app.close();
      await bus.close();
    },
  };
}

async function answers(url: string): Promise<boolean> {
  const response = await fetch(new URL('/healthz', url));
  await response.body?.cancel();
  return response.ok;
}

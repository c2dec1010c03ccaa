import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { RunningAccess, type StartAccess } from '@aisbf/access';
import {
  createLog,
  InternalClient,
  Metrics,
  NatsBus,
  Readiness,
  SystemClock,
  startHttpService,
} from '@aisbf/platform';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { appModule } from './app.module.js';
import type { BrokerSettings } from './config.js';
import { BasePath } from './inbound/base-path.js';
import { PresenceListener } from './inbound/presence-listener.js';
import { RegistrationWatch } from './inbound/registration-watch.js';
import { addSessionUpstream } from './inbound/session-upstream.js';
import { WorkerDoor } from './inbound/worker-door.js';
import { WorkersListener } from './inbound/workers-listener.js';
import { Drain } from './services/drain.js';
import { OwnerEventLog } from './services/owner-event-log.js';
import { Presence } from './services/presence.js';
import { Sessions } from './services/sessions.js';

/** Histories that cannot be written are not waited for when leaving: workers and their requests went first. */
const historyGraceMs = 2_000;

/** The whole service, running. */
export async function startBroker(settings: BrokerSettings) {
  const log = createLog('broker', settings.BROKER_LOG_LEVEL);
  const metrics = new Metrics('broker');
  const readiness = new Readiness();
  const brokerId = settings.BROKER_ID || uniqueId();
  // It listens to what other brokers publish: its own, in a storm thousands a second, would only be dropped.
  const bus = await NatsBus.connect({
    ...{ url: settings.AISBF_NATS_URL, name: brokerId, log },
    hearsItself: false,
  });
  readiness.add('nats', () => bus.isAlive());
  const router = peer(settings, settings.BROKER_ROUTER_URL);
  const accounts = peer(settings, settings.BROKER_ACCOUNTS_URL);
  const access = knowCallers(settings, { accounts, bus, log });
  const { principals } = access;

  const app = await startHttpService({
    module: appModule(settings, { brokerId, bus, log, metrics, router, principals }),
    host: settings.BROKER_HTTP_HOST,
    port: settings.BROKER_HTTP_PORT,
    bodyBytesMax: settings.BROKER_BODY_BYTES_MAX,
    internalSecret: settings.AISBF_INTERNAL_SECRET,
    trustedProxies: settings.AISBF_TRUSTED_PROXIES,
    log,
    metrics,
    readiness,
    headersMsMax: settings.BROKER_HANDSHAKE_WAIT_MS,
    onFastify: (fastify, nest) => {
      const headersPassed = settings.BROKER_HEADERS_PASSED;
      addSessionUpstream(fastify, { sessions: nest.get(Sessions), headersPassed });
      nest.get(BasePath).strip(fastify.server);
      nest.get(WorkerDoor).listen(fastify.server);
    },
  });
  measure(app, metrics);
  const url = settings.BROKER_ADVERTISED_URL || (await app.getUrl());
  await access.start();
  app.get(OwnerEventLog).start();
  app.get(PresenceListener).start();
  app.get(WorkersListener).start();
  app.get(RegistrationWatch).start();
  app.get(Sessions).start();
  app.get(Presence).open(url);
  readiness.markStarted();
  log.info({ url, brokerId }, 'the broker is open');

  return {
    app,
    log,
    readiness,
    url,
    close: async () => {
      await app.get(Drain).run();
      app.get(PresenceListener).stop();
      app.get(WorkersListener).stop();
      await app.get(RegistrationWatch).stop();
      app.get(Presence).close();
      app.get(Sessions).stop();
      await app.get(OwnerEventLog).close(historyGraceMs);
      await app.close();
      await access.stop();
      await Promise.all([bus.close(), router.close(), accounts.close()]);
    },
  };
}

/** Short enough for a bus subject, readable where several run. */
function uniqueId(): string {
  const host = hostname()
    .replace(/[^\w-]/g, '-')
    .slice(0, 48);
  return `${host}-${randomBytes(4).toString('hex')}`;
}

function knowCallers(
  settings: BrokerSettings,
  parts: Pick<StartAccess, 'accounts' | 'bus' | 'log'>,
): RunningAccess {
  return new RunningAccess({
    ...parts,
    service: 'broker',
    clock: new SystemClock(),
    accountsUrl: settings.BROKER_ACCOUNTS_URL,
    internalSecret: settings.AISBF_INTERNAL_SECRET,
    leaseMs: settings.AISBF_ACCESS_LEASE_MS,
    ttlMs: settings.BROKER_PRINCIPAL_TTL_MS,
    entriesMax: settings.BROKER_PRINCIPAL_ENTRIES_MAX,
  });
}

function peer(settings: BrokerSettings, baseUrl: string): InternalClient {
  return new InternalClient({
    baseUrl,
    secret: settings.AISBF_INTERNAL_SECRET,
    timeoutMs: settings.BROKER_PEER_TIMEOUT_MS,
  });
}

function measure(app: NestFastifyApplication, metrics: Metrics): void {
  const sessions = app.get(Sessions);
  metrics.gauge('sessions', 'Worker connections.', () => sessions.count);
  metrics.gauge('in_flight', 'Requests at workers.', () => sessions.inFlight);
  const history = app.get(OwnerEventLog);
  metrics.gauge(
    'owner_events_waiting',
    "Events that are not in their owners' histories yet.",
    () => history.waitingCount,
  );
  metrics.gauge(
    'reader_backlog_bytes',
    'What workers have sent and readers have not taken yet.',
    () => sessions.readerBacklogBytes,
  );
}

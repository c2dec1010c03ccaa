import { RunningAccess, type StartAccess } from '@aisbf/access';
import {
  type Clock,
  createLog,
  InternalClient,
  type Log,
  Metrics,
  NatsBus,
  Readiness,
  SystemClock,
  startTwoDoors,
} from '@aisbf/platform';
import { appModule } from './app.module.js';
import { type RouterSettings, requireConsistent } from './config.js';
import { Presence } from './domain/presence.js';
import { addAdmitDoor } from './inbound/admit-door.js';
import { AllowanceTending } from './inbound/allowance-tending.js';
import { CatalogueWatch } from './inbound/catalogue-watch.js';
import { CredentialTending } from './inbound/credential-tending.js';
import { ExpiryWatch } from './inbound/expiry-watch.js';
import { FactListener } from './inbound/fact-listener.js';
import { PresenceListener } from './inbound/presence-listener.js';
import { ProbeTending } from './inbound/probe-tending.js';
import { ReplicaBeat } from './inbound/replica-beat.js';
import { RouterGrpc } from './inbound/router.grpc.js';
import { openRedis } from './outbound/redis-rate-limits.js';
import { ReadingPool, WritingClient } from './outbound/router-database.js';
import { Admission } from './services/admission.js';
import { LiveCatalogue } from './services/live-catalogue.js';
import { LiveHealth } from './services/live-health.js';
import { LivePace } from './services/live-pace.js';
import { UsageWatch } from './services/usage-watch.js';

/** The whole service, running. */
export async function startRouter(settings: RouterSettings, clock: Clock = new SystemClock()) {
  requireConsistent(settings);
  const log = createLog('router', settings.ROUTER_LOG_LEVEL);
  const metrics = new Metrics('router');
  const readiness = new Readiness();
  const connections = await connect(settings, log);
  const access = knowCallers(settings, { ...connections, clock, log });
  const parts = { ...connections, access, clock, log, metrics };
  const { app, grpcPort, close } = await startTwoDoors({
    module: appModule(settings, parts),
    host: settings.ROUTER_HTTP_HOST,
    port: settings.ROUTER_HTTP_PORT,
    bodyBytesMax: settings.ROUTER_BODY_BYTES_MAX,
    internalSecret: settings.AISBF_INTERNAL_SECRET,
    trustedProxies: settings.AISBF_TRUSTED_PROXIES,
    log,
    metrics,
    readiness,
    onFastify: (fastify, nest) => addAdmitDoor(fastify, nest.get(Admission), log),
    grpc: {
      proto: 'router.proto',
      service: 'aisbf.router.v1.Router',
      port: settings.ROUTER_GRPC_PORT,
      handlersOf: (nest) => nest.get(RouterGrpc).handlers,
    },
  });
  const [watch, presence] = [app.get(CatalogueWatch), app.get(PresenceListener)];
  const [live, expiry] = [app.get(LiveCatalogue), app.get(ExpiryWatch)];
  checkConnections(readiness, connections, settings);
  readiness.add('catalogue', () => live.revision > 0);
  readiness.add('presence', () => presence.hasHeardAll());
  measure(metrics, app);
  const [tending, beat] = [app.get(AllowanceTending), app.get(ReplicaBeat)];
  const [usages, credentials] = [app.get(UsageWatch), app.get(CredentialTending)];
  tending.start();
  await access.start();
  app.get(FactListener).start();
  presence.start();
  await watch.start();
  for (const part of [beat, expiry, credentials, app.get(ProbeTending)]) part.start();
  readiness.markStarted();
  log.info({ url: await app.getUrl(), grpcPort }, 'the router is open');

  return {
    app,
    log,
    readiness,
    grpcPort,
    close: async () => {
      await close();
      await tending.stop();
      await access.stop();
      presence.stop();
      expiry.stop();
      beat.stop();
      await watch.stop();
      await usages.stop();
      await credentials.stop();
      await parts.bus.close();
      parts.redis.disconnect();
      await parts.accounts.close();
      await parts.writing.$disconnect();
      await parts.reading.end();
    },
  };
}

function checkConnections(
  readiness: Readiness,
  { reading, bus, redis }: Awaited<ReturnType<typeof connect>>,
  settings: RouterSettings,
): void {
  readiness.add('postgres', () => reading.isAlive());
  readiness.add('nats', () => bus.isAlive());
  // Where requests go on uncounted without Redis, they must go on coming too.
  if (settings.ROUTER_LIMITS_OPEN !== 'true') {
    readiness.add('redis', async () => (await redis.ping()) === 'PONG');
  }
}

/** The connections of the process. Each heals by itself; readiness tells of those that are away. */
async function connect(settings: RouterSettings, log: Log) {
  const database = {
    url: settings.ROUTER_DATABASE_URL,
    connectionsMax: settings.ROUTER_DATABASE_CONNECTIONS_MAX,
  };
  const reading = new ReadingPool(database, log);
  const writing = new WritingClient(database);
  const redis = openRedis({
    url: settings.ROUTER_REDIS_URL,
    timeoutMs: settings.ROUTER_REDIS_TIMEOUT_MS,
  });
  redis.on('error', (error) => log.warn({ error }, 'redis is away'));
  const accounts = new InternalClient({
    baseUrl: settings.ROUTER_ACCOUNTS_URL,
    secret: settings.AISBF_INTERNAL_SECRET,
    timeoutMs: settings.ROUTER_ACCOUNTS_TIMEOUT_MS,
    connectionsMax: settings.ROUTER_ACCOUNTS_CONNECTIONS_MAX,
  });
  const bus = await NatsBus.connect({ url: settings.AISBF_NATS_URL, name: 'router', log });
  return { reading, writing, redis, accounts, bus };
}

function knowCallers(
  settings: RouterSettings,
  parts: Pick<StartAccess, 'accounts' | 'bus' | 'clock' | 'log'>,
): RunningAccess {
  return new RunningAccess({
    ...parts,
    service: 'router',
    accountsUrl: settings.ROUTER_ACCOUNTS_URL,
    internalSecret: settings.AISBF_INTERNAL_SECRET,
    leaseMs: settings.AISBF_ACCESS_LEASE_MS,
    ttlMs: settings.ROUTER_PRINCIPAL_TTL_MS,
    entriesMax: settings.ROUTER_PRINCIPAL_ENTRIES_MAX,
  });
}

type Parts = Awaited<ReturnType<typeof startTwoDoors>>['app'];

function measure(metrics: Metrics, parts: Pick<Parts, 'get'>): void {
  const [live, presence] = [parts.get(LiveCatalogue), parts.get(Presence)];
  const [health, pace] = [parts.get(LiveHealth), parts.get(LivePace)];
  metrics.gauge('catalogue_revision', 'The revision that is served.', () => live.revision);
  metrics.gauge('sessions_present', 'Live sessions that are known.', () => presence.sessionCount);
  metrics.gauge(
    'sessions_routable',
    'Workers that could be given a request: serving, and known to have a model.',
    () => presence.routableCount,
  );
  metrics.gauge('brokers_present', 'Brokers that beat.', () => presence.brokerCount);
  metrics.gauge('upstreams_remembered', 'Upstreams that have failed of late.', () => health.size);
  metrics.gauge('paces_remembered', "Providers' models whose pace is known.", () => pace.size);
}

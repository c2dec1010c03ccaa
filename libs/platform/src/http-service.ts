import { randomUUID, timingSafeEqual } from 'node:crypto';
import { type IncomingMessage } from 'node:http';
import { internalHeaders } from '@aisbf/contracts';
import { type DynamicModule, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { type FastifyInstance } from 'fastify';
import { FaultFilter } from './fault-filter.js';
import { type Log, NestLog } from './log.js';
import { type Metrics } from './metrics.js';
import { partFromConnections } from './parting.js';
import { platformFaults } from './platform-faults.js';
import { type Readiness } from './readiness.js';

export type HttpServiceOptions = Readonly<{
  module: DynamicModule | Type;
  host: string;
  port: number;
  bodyBytesMax: number;
  /** Whether the bytes of a body stay at hand beside what was parsed from them, for checking signatures. */
  keepsRawBodies?: boolean;
  internalSecret: string;
  /** Whose word counts for where a call comes from: addresses and networks, with commas between. */
  trustedProxies: string;
  log: Log;
  metrics: Metrics;
  readiness: Readiness;
  /** How long a connection may take to say what it wants: from its opening to the end of the headers. */
  headersMsMax?: number;
  /** Which requests for an upgrade go to whoever listens for such; all others are answered like any. */
  mayUpgrade?: (request: IncomingMessage) => boolean;
  /** Hooks and hot-path routes that want Fastify itself, added before Nest's. */
  onFastify?: (fastify: FastifyInstance, app: NestFastifyApplication) => void | Promise<void>;
}>;

/** Builds and opens one of our HTTP services: health, metrics, request ids, faults, the internal door. */
export async function startHttpService(
  options: HttpServiceOptions,
): Promise<NestFastifyApplication> {
  const app = await createHttpService(options);
  await app.listen(options.port, options.host);
  return app;
}

/** The same without listening. */
export async function createHttpService(
  options: HttpServiceOptions,
): Promise<NestFastifyApplication> {
  const adapter = new FastifyAdapter({
    logger: false,
    skipMiddie: true,
    trustProxy: options.trustedProxies === '' ? false : options.trustedProxies,
    bodyLimit: options.bodyBytesMax,
    genReqId: (request: IncomingMessage) => {
      const given = request.headers[internalHeaders.requestId];
      return typeof given === 'string' && /^[\w-]{1,64}$/.test(given) ? given : randomUUID();
    },
    // A body that has not arrived by then is not coming; answers may take as long as they like.
    requestTimeout: 300_000,
    // A kept connection outlives the idle time of any ingress or pool in front of it.
    keepAliveTimeout: 75_000,
    http: {
      ...headWaits(options.headersMsMax ?? headersMsMaxDefault),
      ...(options.mayUpgrade && { shouldUpgradeCallback: options.mayUpgrade }),
    },
    forceCloseConnections: 'idle',
  });
  const app = await NestFactory.create<NestFastifyApplication>(options.module, adapter, {
    logger: new NestLog(options.log),
    abortOnError: false,
    rawBody: options.keepsRawBodies ?? false,
  });
  app.useGlobalFilters(new FaultFilter(options.log));
  const fastify = adapter.getInstance<FastifyInstance>();
  partFromConnections(fastify);
  guardInternal(fastify, options.internalSecret);
  addProbes(fastify, options);
  logRequests(fastify, options);
  await options.onFastify?.(fastify, app);
  return app;
}

/** Node's own default. */
const headersMsMaxDefault = 60_000;

/** Whoever connects and does not say what it wants is let go soon after its time. */
function headWaits(headersTimeout: number) {
  return { headersTimeout, connectionsCheckingInterval: Math.min(5_000, headersTimeout) };
}

function guardInternal(fastify: FastifyInstance, secret: string): void {
  const expected = Buffer.from(secret);
  fastify.addHook('onRequest', (request, _reply, done) => {
    if (!request.url.startsWith('/internal/')) return done();
    const given = Buffer.from(String(request.headers[internalHeaders.secret] ?? ''));
    const isRight = given.length === expected.length && timingSafeEqual(given, expected);
    return isRight ? done() : done(platformFaults.INTERNAL_SECRET_WRONG());
  });
}

function addProbes(fastify: FastifyInstance, { readiness, metrics }: HttpServiceOptions): void {
  fastify.get('/healthz', (_request, reply) => reply.send({ status: 'ok' }));
  fastify.get('/readyz', async (_request, reply) => {
    const missing = await readiness.missing();
    return reply
      .status(missing.length === 0 ? 200 : 503)
      .send({ ready: missing.length === 0, missing });
  });
  fastify.get('/metrics', async (_request, reply) =>
    reply.type(metrics.registry.contentType).send(await metrics.registry.metrics()),
  );
}

function logRequests(fastify: FastifyInstance, { log, metrics }: HttpServiceOptions): void {
  const seconds = metrics.histogramSeconds('http_seconds', 'Time to answer HTTP requests.', [
    'route',
    'status',
  ]);
  fastify.addHook('onResponse', (request, reply, done) => {
    const route = request.routeOptions.url ?? 'unknown';
    const status = reply.statusCode;
    seconds.observe({ route, status: String(status) }, reply.elapsedTime / 1000);
    log.debug({ requestId: request.id, route, status, ms: reply.elapsedTime }, 'request answered');
    done();
  });
}

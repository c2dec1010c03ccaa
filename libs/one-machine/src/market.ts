import { mkdir, rm } from 'node:fs/promises';
import { type Edge, startEdge } from './edge.js';
import { findFreePorts } from './free-ports.js';
import { guard } from './guard.js';
import { keptPorts } from './kept-ports.js';
import { provisionMarket } from './market-database.js';
import {
  type MarketPorts,
  type MarketService,
  marketEnvironment,
  marketPorts,
  marketServices,
  operatorTokenFile,
  serviceNodeArgs,
  serviceUrl,
} from './market-environment.js';
import { type MarketSecrets, marketSecrets } from './market-secrets.js';
import { type MarketServers, startMarketServers } from './market-servers.js';
import type { Server } from './server.js';
import { type Service, startService } from './service.js';

export type MarketOptions = Readonly<{
  /** Holds everything the market keeps: servers' data, secrets, ports, logs. */
  dataDir: string;
  /** A database in a running Postgres, with a login that may create schemas and roles. */
  databaseUrl?: string | undefined;
  redisUrl?: string | undefined;
  natsUrl?: string | undefined;
  /** Of several the first that is free; any free one where not given. */
  edgePort?: number | readonly number[] | undefined;
  /** Where the edge listens; 127.0.0.1 where not given. */
  edgeHost?: string | undefined;
  /** For tests: faster servers that keep nothing, and `dataDir` is deleted when it stops or we end. */
  throwAway?: boolean | undefined;
  /** Settings of single services, over those that connect them. */
  serviceEnv?:
    | Readonly<Partial<Record<MarketService, Readonly<Record<string, string>>>>>
    | undefined;
  /** Told of every step that is done, in a few words. */
  onProgress?: ((step: string) => void) | undefined;
}>;

/** A whole market on this machine: real servers, the services as processes of their own, and the edge. */
export type Market = Readonly<{
  /** The public origin. */
  url: string;
  dataDir: string;
  edge: Edge;
  services: Readonly<Record<MarketService, Service>>;
  servers: MarketServers;
  /** The database as its administrator, for tests that look at what the services wrote. */
  databaseUrl: string;
  /** A file with the first operator's API token. */
  operatorTokenFile: string;
  /** The settings with which a service runs. */
  environment: (name: MarketService) => Readonly<Record<string, string>>;
  /** Stops what it started, the last first. */
  stop: () => Promise<void>;
}>;

type Undo = () => Promise<void>;

/** Starts it all and waits until all of it is ready; if anything fails, what was started stops again. */
export async function startMarket(options: MarketOptions): Promise<Market> {
  const undo: Undo[] = [];
  try {
    return await start(options, undo);
  } catch (error) {
    await undoAll(undo);
    throw error;
  }
}

async function start(options: MarketOptions, undo: Undo[]): Promise<Market> {
  const { dataDir, onProgress = () => undefined } = options;
  await makeDataDir(options, undo);
  const [ports, secrets] = await Promise.all([
    keptPorts(dataDir, marketPorts),
    marketSecrets(dataDir),
  ]);
  // First, so that nobody else gets its port; it answers 503 for a service that is not up.
  const edge = await startMarketEdge(options, ports);
  undo.push(edge.stop);
  const { servers, databaseUrls } = await startServers(options, ports, secrets, undo);
  const places = {
    ...{ dataDir, ports, secrets, databaseUrls, publicUrl: edge.url },
    redisUrl: servers.redis.url,
    natsUrl: servers.nats.url,
  };
  const defaults = marketEnvironment(places);
  const environments = Object.fromEntries(
    marketServices.map((name) => [name, { ...defaults[name], ...options.serviceEnv?.[name] }]),
  ) as Record<MarketService, Record<string, string>>;

  const begin = async (name: MarketService): Promise<Service> => {
    const nodeArgs = serviceNodeArgs[name] ?? [];
    const service = await startService({ name, env: environments[name], dataDir, nodeArgs });
    onProgress(`${name} ready`);
    return service;
  };
  // The two that decide come first; the two that carry lean on them.
  const [accounts, router] = await allOrUndo(undo, [begin('accounts'), begin('router')]);
  const [broker, gateway] = await allOrUndo(undo, [begin('broker'), begin('gateway')]);
  const services = { accounts, router, broker, gateway };
  // Nobody is let in any more before the services go.
  undo.push(edge.stop);
  return {
    ...{ url: edge.url, dataDir, edge, services, servers },
    databaseUrl: servers.postgres.url,
    operatorTokenFile: operatorTokenFile(dataDir),
    environment: (name) => environments[name],
    stop: () => undoAll(undo),
  };
}

async function makeDataDir({ dataDir, throwAway }: MarketOptions, undo: Undo[]): Promise<void> {
  if (throwAway) {
    guard.removeAtEnd(dataDir);
    undo.push(async () => {
      await rm(dataDir, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
      guard.keep(dataDir);
    });
  }
  await mkdir(dataDir, { recursive: true });
}

/** The servers side by side, and the tables as soon as Postgres is there. */
async function startServers(
  options: MarketOptions,
  ports: MarketPorts,
  secrets: MarketSecrets,
  undo: Undo[],
): Promise<{
  servers: MarketServers;
  databaseUrls: Awaited<ReturnType<typeof provisionMarket>>;
}> {
  const onProgress = options.onProgress ?? (() => undefined);
  const starting = startMarketServers({
    dataDir: options.dataDir,
    ports,
    postgresPassword: secrets.postgresPassword,
    throwAway: options.throwAway ?? false,
    databaseUrl: options.databaseUrl,
    redisUrl: options.redisUrl,
    natsUrl: options.natsUrl,
    onProgress,
  });
  const provisioned = starting.postgres.then(async ({ url }) => {
    const urls = await provisionMarket(url, secrets.postgresPassword, onProgress).catch(
      (cause: unknown) => {
        const message = cause instanceof Error ? cause.message : String(cause);
        throw new Error(`The database cannot be set up: ${message}`, { cause });
      },
    );
    onProgress('database up to date');
    return urls;
  });
  // If a server fails, its failure is the one to hear of.
  provisioned.catch(() => undefined);
  const [postgres, redis, nats] = await allOrUndo<[Server, Server, Server]>(undo, [
    starting.postgres,
    starting.redis,
    starting.nats,
  ]);
  return { servers: { postgres, redis, nats }, databaseUrls: await provisioned };
}

async function startMarketEdge(options: MarketOptions, ports: MarketPorts): Promise<Edge> {
  return startEdge({
    port: options.edgePort ?? (await findFreePorts(1)),
    host: options.edgeHost ?? '127.0.0.1',
    routes: {
      gateway: serviceUrl(ports, 'gateway'),
      broker: serviceUrl(ports, 'broker'),
      accounts: serviceUrl(ports, 'accounts'),
      router: serviceUrl(ports, 'router'),
    },
  });
}

/** Waits for all of them, so that after a failure none comes up unnoticed, and notes how to stop them. */
async function allOrUndo<Parts extends readonly Stoppable[]>(
  undo: Undo[],
  starting: { readonly [Index in keyof Parts]: Promise<Parts[Index]> },
): Promise<Parts> {
  const results = await Promise.allSettled<Stoppable>(starting);
  const started = results.flatMap((result) =>
    result.status === 'fulfilled' ? [result.value] : [],
  );
  undo.push(async () => {
    await Promise.all(started.map((part) => part.stop()));
  });
  const failed = results.find((result) => result.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
  return started as readonly Stoppable[] as Parts;
}

type Stoppable = Readonly<{ stop: () => Promise<void> }>;

async function undoAll(undo: Undo[]): Promise<void> {
  for (let last = undo.pop(); last !== undefined; last = undo.pop()) await last();
}

import { chmod } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import type { MarketPorts } from './market-environment.js';
import { startNats } from './nats.js';
import { startPostgres } from './postgres.js';
import { startRedis } from './redis.js';
import { type Server, serverAt } from './server.js';

export type MarketServers = Readonly<{ postgres: Server; redis: Server; nats: Server }>;

export type StartMarketServers = Readonly<{
  dataDir: string;
  ports: MarketPorts;
  postgresPassword: string;
  throwAway: boolean;
  databaseUrl?: string | undefined;
  redisUrl?: string | undefined;
  natsUrl?: string | undefined;
  onProgress: (step: string) => void;
}>;

const answerMs = 5_000;

/**
 * The three servers of a market, started side by side; those whose URL is given are only looked for. Each
 * promise may fail by itself, and whoever waits must stop the others.
 */
export function startMarketServers(
  options: StartMarketServers,
): Readonly<Record<keyof MarketServers, Promise<Server>>> {
  const { dataDir, ports, throwAway, postgresPassword: password, onProgress } = options;
  const own = (name: keyof MarketServers) => ({
    dataDir: join(dataDir, name),
    port: ports[name],
    logFile: join(dataDir, 'logs', `${name}.log`),
    throwAway,
  });
  const started = async (name: string, server: Promise<Server>): Promise<Server> => {
    const ready = await server;
    onProgress(`${name} ${ready.daemon === undefined ? 'found' : 'started'}`);
    return ready;
  };
  const postgres = async (): Promise<Server> => {
    // Its own user has to pass through to its own folder.
    await chmod(dataDir, 0o711);
    return startPostgres({ ...own('postgres'), password });
  };
  return {
    postgres: started(
      'Postgres',
      options.databaseUrl ? foundAt('DATABASE_URL', options.databaseUrl, 5432) : postgres(),
    ),
    redis: started(
      'Redis',
      options.redisUrl ? foundAt('REDIS_URL', options.redisUrl, 6379) : startRedis(own('redis')),
    ),
    nats: started(
      'NATS',
      options.natsUrl ? foundAt('NATS_URL', options.natsUrl, 4222) : startNats(own('nats')),
    ),
  };
}

/** A server that somebody else runs; that it listens is checked here, so that its name is in the error. */
async function foundAt(setting: string, url: string, defaultPort: number): Promise<Server> {
  if (!URL.canParse(url)) throw new Error(`${setting} is not a URL.`);
  const { hostname, port } = new URL(url);
  const where = {
    host: hostname.replace(/^\[|\]$/g, '') || 'localhost',
    port: Number(port) || defaultPort,
  };
  await new Promise<void>((resolve, reject) => {
    const fail = (reason: string): void =>
      reject(
        new Error(
          `${setting} names ${where.host}:${where.port}, which cannot be reached: ${reason}`,
        ),
      );
    const socket = connect(where);
    socket.setTimeout(answerMs, () => {
      socket.destroy();
      fail('no answer');
    });
    socket.once('connect', () => {
      socket.destroy();
      resolve();
    });
    socket.once('error', (error) => fail(error.message));
  });
  return serverAt(url);
}

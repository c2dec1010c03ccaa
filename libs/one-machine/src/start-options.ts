import { resolve } from 'node:path';
import { rememberedPort } from './kept-ports.js';
import { type MarketService, marketServices } from './market-environment.js';
import { inRepository } from './repository.js';

type Environment = Readonly<Record<string, string | undefined>>;

/** What the person who starts the market may choose. */
export type StartOptions = Readonly<{
  dataDir: string;
  databaseUrl: string | undefined;
  redisUrl: string | undefined;
  natsUrl: string | undefined;
  edgeHost: string | undefined;
  /** The port that was asked for by number. */
  edgePort: number | undefined;
  serviceEnv: Readonly<Record<MarketService, Readonly<Record<string, string>>>>;
}>;

/** Reads them from the environment; settings of a service, such as GATEWAY_LOG_LEVEL, go to that service. */
export function startOptions(env: Environment): StartOptions {
  return {
    dataDir: resolve(env.AISBF_DATA_DIR || inRepository('.aisbf')),
    databaseUrl: env.DATABASE_URL || undefined,
    redisUrl: env.REDIS_URL || undefined,
    natsUrl: env.NATS_URL || undefined,
    edgeHost: env.AISBF_HOST || undefined,
    edgePort: env.AISBF_PORT ? toPort(env.AISBF_PORT) : undefined,
    serviceEnv: Object.fromEntries(
      marketServices.map((name) => [name, withPrefix(env, `${name.toUpperCase()}_`)]),
    ) as Record<MarketService, Record<string, string>>,
  };
}

function toPort(text: string): number {
  const port = Number(text);
  if (Number.isInteger(port) && port >= 1 && port <= 65_535) return port;
  throw new Error(`AISBF_PORT is ${text}, which is not a port.`);
}

function withPrefix(env: Environment, prefix: string): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) =>
      // Where a service listens is not up to it alone: the others must find it.
      name.startsWith(prefix) && !name.endsWith('_PORT') && value !== undefined
        ? [[name, value]]
        : [],
    ),
  );
}

const usualPort = 8_080;
/** How many ports from the usual one on are tried. */
const portsMax = 100;

/** The port that was asked for, or that of the last start and then those from 8080 on. */
export async function edgePorts({ edgePort, dataDir }: StartOptions): Promise<readonly number[]> {
  if (edgePort !== undefined) return [edgePort];
  const before = await rememberedPort(dataDir, 'edge');
  const usual = Array.from({ length: portsMax }, (_unused, index) => usualPort + index);
  return before === undefined ? usual : [before, ...usual];
}

import { resolve } from 'node:path';
import { isFreePort } from './free-ports.js';
import { rememberedPort, rememberPort } from './kept-ports.js';
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
      name.startsWith(prefix) && value !== undefined ? [[name, value]] : [],
    ),
  );
}

const usualPort = 8_080;
/** How many ports from the usual one on are tried. */
const portsMax = 100;

/** The port that was asked for, or that of the last start, or the first free one from 8080 on. */
export async function chooseEdgePort(options: StartOptions): Promise<number> {
  const { edgePort, dataDir, edgeHost } = options;
  if (edgePort !== undefined) {
    if (await isFreePort(edgePort, edgeHost)) return edgePort;
    throw new Error(`Port ${edgePort}, which AISBF_PORT asks for, is taken.`);
  }
  const before = await rememberedPort(dataDir, 'edge');
  const ports = Array.from({ length: portsMax }, (_unused, index) => usualPort + index);
  for (const port of before === undefined ? ports : [before, ...ports]) {
    if (!(await isFreePort(port, edgeHost))) continue;
    await rememberPort(dataDir, 'edge', port);
    return port;
  }
  throw new Error(`No free port from ${usualPort} on; choose one with AISBF_PORT.`);
}

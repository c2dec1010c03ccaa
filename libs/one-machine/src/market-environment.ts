import { join } from 'node:path';
import type { MarketSecrets } from './market-secrets.js';

/** The services of a market, in the order of who needs whom. */
export const marketServices = ['accounts', 'router', 'broker', 'gateway'] as const;
export type MarketService = (typeof marketServices)[number];

/**
 * How Node runs a service. Of a broker's memory, a third is room for new objects unless it is told otherwise:
 * ten thousand idle sessions then take 34 KB each instead of 18, and each look through that room holds up all.
 */
export const serviceNodeArgs: Readonly<Partial<Record<MarketService, readonly string[]>>> = {
  broker: ['--max-semi-space-size=8'],
};

/** Everything of a market that listens, apart from the edge. */
export const marketPorts = [
  'postgres',
  'redis',
  'nats',
  'accounts-http',
  'accounts-grpc',
  'router-http',
  'router-grpc',
  'broker-http',
  'broker-grpc',
  'gateway-http',
] as const;
export type MarketPorts = Readonly<Record<(typeof marketPorts)[number], number>>;

export type MarketPlaces = Readonly<{
  dataDir: string;
  /** Where the market is reached from outside. */
  publicUrl: string;
  ports: MarketPorts;
  secrets: MarketSecrets;
  databaseUrls: Readonly<Record<'accounts' | 'router', string>>;
  redisUrl: string;
  natsUrl: string;
}>;

/** Where accounts leaves the first operator's token. */
export function operatorTokenFile(dataDir: string): string {
  return join(dataDir, 'operator-token');
}

export function serviceUrl(ports: MarketPorts, service: MarketService): string {
  return `http://127.0.0.1:${ports[`${service}-http`]}`;
}

/** The settings with which each service finds the others. */
export function marketEnvironment(
  places: MarketPlaces,
): Readonly<Record<MarketService, Readonly<Record<string, string>>>> {
  const { dataDir, publicUrl, ports, secrets, databaseUrls, redisUrl, natsUrl } = places;
  const http = (service: MarketService): string => serviceUrl(ports, service);
  const all = { AISBF_INTERNAL_SECRET: secrets.internalSecret, AISBF_NATS_URL: natsUrl };
  // Whoever runs this market owns the machine, and his model server is on it or beside it. Strangers stay guarded.
  const egress = { AISBF_EGRESS_OPERATOR_INTERNAL: 'true' };
  return {
    accounts: {
      ...all,
      ACCOUNTS_HTTP_PORT: String(ports['accounts-http']),
      ACCOUNTS_GRPC_PORT: String(ports['accounts-grpc']),
      ACCOUNTS_DATABASE_URL: databaseUrls.accounts,
      ACCOUNTS_REDIS_URL: redisUrl,
      ACCOUNTS_SECRET_PEPPER: secrets.accountsPepper,
      ACCOUNTS_OPERATOR_API_TOKEN_FILE: operatorTokenFile(dataDir),
      ACCOUNTS_PUBLIC_URL: publicUrl,
      ACCOUNTS_MAIL_FOLDER: join(dataDir, 'mails'),
    },
    router: {
      ...all,
      ...egress,
      ROUTER_HTTP_PORT: String(ports['router-http']),
      ROUTER_GRPC_PORT: String(ports['router-grpc']),
      ROUTER_DATABASE_URL: databaseUrls.router,
      ROUTER_REDIS_URL: redisUrl,
      ROUTER_ACCOUNTS_URL: http('accounts'),
      ROUTER_SECRET_PEPPER: secrets.routerPepper,
      ROUTER_CREDENTIAL_KEYS: secrets.routerCredentialKeys,
    },
    broker: {
      ...all,
      BROKER_HTTP_PORT: String(ports['broker-http']),
      BROKER_GRPC_PORT: String(ports['broker-grpc']),
      BROKER_ROUTER_URL: http('router'),
      BROKER_ACCOUNTS_URL: http('accounts'),
      BROKER_ADVERTISED_URL: http('broker'),
    },
    gateway: {
      ...all,
      ...egress,
      GATEWAY_HTTP_PORT: String(ports['gateway-http']),
      GATEWAY_ROUTER_URL: http('router'),
      GATEWAY_ACCOUNTS_URL: http('accounts'),
      GATEWAY_FILE_KEYS: secrets.gatewayFileKeys,
      GATEWAY_REDIS_URL: redisUrl,
    },
  };
}

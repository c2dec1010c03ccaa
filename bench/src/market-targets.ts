import { randomUUID } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { CreatedApiToken, type Prices } from '@aisbf/contracts';
import {
  asOperator,
  type Management,
  type Market,
  startMarket,
  startWorker,
  type WorkerProcess,
} from '@aisbf/one-machine';
import type { Address } from './http-connection.js';
import type { Ledger } from './ledger.js';
import { mockModel } from './mock-answer.js';
import type { Mock } from './plain-targets.js';
import { chatRequest } from './request.js';
import type { Target, TargetProcess } from './target.js';

/** The mock by the two ways to it, as buyers name it. */
export const hostedModel = `bench-hosted/${mockModel}`;
export const workerModel = `bench-worker/${mockModel}`;
const [hostedProvider, workerProvider] = ['bench-hosted', 'bench-worker'];

/** Nano-dollars per million tokens: what a middling model costs. Every request is priced and charged. */
const prices = { prompt: 500_000_000n, completion: 1_500_000_000n };
/** A million dollars for each buyer: more than any load here can spend. */
const credit = 1_000_000_000_000_000n;
/** As many as a token may have: what is measured is the way, not the limits, though they are counted. */
const limits = {
  requestsPerMinuteMax: 10_000_000,
  tokensPerMinuteMax: 1_000_000_000_000,
  concurrencyMax: 100_000,
};
/** More than connections, so that the worker itself is never what they wait for. */
const workerConcurrency = '256';
const onSaleMsMax = 20_000;

/**
 * A whole market with a real Postgres that syncs every commit, Redis and NATS, and in it the mock as a hosted
 * API and behind a seller's worker.
 */
export async function openMarket(
  mock: Mock,
  options: Readonly<{
    folder: string;
    buyers: number;
    profileFolder: string | undefined;
    onProgress: (step: string) => void;
    /** What pictures, seconds and requests cost, where more than chat is on sale. */
    otherPrices?: Prices;
    /** What the worker says that it can do, where that is more than chat. */
    workerEndpoints?: string;
  }>,
): Promise<Readonly<{ market: Market; worker: WorkerProcess; apiTokens: readonly string[] }>> {
  const dataDir = join(options.folder, 'market');
  await mkdir(dataDir);
  const { otherPrices, workerEndpoints } = options;
  const allPrices = { ...prices, ...(otherPrices && { others: otherPrices }) };
  const profiled = options.profileFolder === undefined ? {} : profiling(options.profileFolder);
  const market = await startMarket({
    dataDir,
    onProgress: options.onProgress,
    serviceEnv: { accounts: profiled, router: profiled, broker: profiled, gateway: profiled },
  });
  const operator = await asOperator(market.url, market.operatorTokenFile);
  const hostedId = await operator.createHttpProvider(hostedProvider, mock.url, [mockModel]);
  await operator.putListing(hostedId, mockModel, allPrices);

  await operator.ensureUser('seller');
  const seller = operator.as(await operator.createApiToken('seller', ['manage', 'usage']));
  const { providerId, registrationToken } = await seller.ensureWorkerProvider(workerProvider);
  await seller.putListing(providerId, mockModel, allPrices);
  const worker = await startWorker({
    clientId: 'bench-1',
    // Past the edge, which only one machine has: a seller's own way ends at a broker.
    marketUrl: market.services.broker.url,
    username: 'seller',
    provider: workerProvider,
    registrationToken,
    dataDir,
    upstreamUrl: mock.url,
    env: {
      WORKER_CONCURRENCY: workerConcurrency,
      ...(workerEndpoints && { WORKER_ENDPOINTS: workerEndpoints }),
      ...profiled,
    },
  });
  options.onProgress('worker connected');

  const names = Array.from({ length: options.buyers }, (_, index) => `buyer-${index + 1}`);
  const apiTokens: string[] = [];
  for (const name of names) apiTokens.push(await makeBuyer(operator, name));
  await waitUntilOnSale(market, apiTokens[0] ?? '');
  options.onProgress(`${options.buyers} buyers ready`);
  return { market, worker, apiTokens };
}

/** Each process leaves a profile of its processor time when it ends. */
function profiling(folder: string): Readonly<Record<string, string>> {
  return { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${folder}` };
}

async function makeBuyer(operator: Management, username: string): Promise<string> {
  await operator.ensureUser(username);
  await operator.grant(username, credit, randomUUID());
  const { apiToken } = await operator.call('POST', '/api/account/api-tokens', CreatedApiToken, {
    name: 'bench',
    username,
    scopes: ['inference'],
    limits,
  });
  return apiToken;
}

async function waitUntilOnSale(market: Market, apiToken: string): Promise<void> {
  const deadlineMs = Date.now() + onSaleMsMax;
  const headers = { authorization: `Bearer ${apiToken}` };
  const wanted = [hostedModel, workerModel];
  for (;;) {
    const response = await fetch(`${market.services.gateway.url}/v1/models`, { headers });
    const text = await response.text();
    if (wanted.every((model) => text.includes(model))) return;
    if (Date.now() > deadlineMs) {
      throw new Error(`${wanted.join(' and ')} are not on sale (${response.status}): ${text}`);
    }
    await delay(100);
  }
}

/** The gateway twice: once to a hosted API, once through broker and worker. */
export function marketTargets(
  opened: Awaited<ReturnType<typeof openMarket>>,
  ledger: Ledger,
): readonly Target[] {
  const { market, worker, apiTokens } = opened;
  const { services, servers } = market;
  const shared = [
    ...named('gateway', services.gateway),
    ...named('router', services.router),
    ...named('accounts', services.accounts),
    ...named('Postgres', servers.postgres),
    ...named('Redis', servers.redis),
    ...named('NATS', servers.nats),
  ];
  const { hostname, port } = new URL(services.gateway.url);
  const address = { host: hostname, port: Number(port) };
  const settled = () => ledger.awaitNoOpenHold();
  return [
    {
      name: 'gateway-http',
      title: '**our gateway**, hosted API',
      address,
      request: requests(address, hostedModel, apiTokens),
      processes: shared,
      settled,
    },
    {
      name: 'gateway-worker',
      title: '**our gateway**, broker and worker',
      address,
      request: requests(address, workerModel, apiTokens),
      processes: [...shared, ...named('broker', services.broker), ...named('worker', worker)],
      settled,
    },
  ];
}

function named(name: string, { pid }: Readonly<{ pid: number | undefined }>): TargetProcess[] {
  return pid === undefined ? [] : [{ name, pid }];
}

function requests(
  address: Address,
  model: string,
  apiTokens: readonly string[],
): Target['request'] {
  return (kind, connection) => {
    const apiToken = apiTokens[connection % apiTokens.length] ?? '';
    return chatRequest({ address, model, kind, headers: { authorization: `Bearer ${apiToken}` } });
  };
}

import type { SessionPresence } from '@aisbf/contracts';
import { nanos, type Prices } from '@aisbf/money';
import type { CatalogueRecords, Listing, Provider, Rotation } from '@aisbf/router';

/** Sellers with ten models each: first those of hosted APIs, then those of workers, and one with a hall of them. */
export const hostedSellers = 500;
export const workerSellers = 500;
export const hallSeller = hostedSellers + workerSellers;
export const hallSessions = 500;
const sellers = hallSeller + 1;
const modelsEach = 10;
/** Members of the largest rotations. */
const membersMax = 500;
/** Rotations that say little more than that there are others. */
const smallRotations = 200;

const createdAtMs = Date.parse('2026-01-01T00:00:00Z');

export const buyerOwnerId = idOf('b', 1);
export const modelName = (index: number) => `org/model-${index}-instruct`;
export const providerId = (seller: number) => idOf('a', seller);

/** As long as the real ones, and as little alike. */
export function idOf(kind: 'a' | 'b' | 'c' | 'd' | 'e', index: number): string {
  const mixed = Math.imul(index + 1, 2_654_435_761) >>> 0;
  const digits = mixed.toString(16).padStart(8, '0');
  return `${digits}-000${kind}-4000-8000-${index.toString(16).padStart(12, '0')}`;
}

/** Everything that is for sale: ten thousand listings at prices of their own. */
export function wideMarket(): CatalogueRecords {
  const providers = Array.from({ length: sellers }, (_, seller) => providerOf(seller));
  return {
    revision: 1,
    providers,
    // In the order in which the store reads them.
    listings: Array.from({ length: modelsEach }, (_, model) =>
      providers.map((_provider, seller) => listingOf(seller, model)),
    ).flat(),
    rotations: [
      rotationOf(0, 'hosted', range(0, membersMax)),
      rotationOf(1, 'workers', range(hostedSellers, membersMax)),
      rotationOf(2, 'mixed', range(hostedSellers / 2, membersMax)),
      rotationOf(3, 'eight', range(hostedSellers, 8)),
      ...range(4, smallRotations).map((index) =>
        rotationOf(index, `small-${index}`, range((index * 4) % (sellers - 8), 8)),
      ),
    ],
    usageChecks: [],
    sellerFees: new Map(),
  };
}

/** A worker of a seller, with three of its models, as its broker tells of it. */
export function sessionOf(seller: number, machine: number): SessionPresence {
  const isMeasured = machine % 2 === 0;
  return {
    sessionId: `ses_${idOf('e', seller * 1_000 + machine).replaceAll('-', '')}`,
    epoch: 1,
    providerId: providerId(seller),
    ownerId: idOf('d', seller),
    username: `seller-${seller}`,
    clientId: `machine-${machine}`,
    connectedAtMs: createdAtMs + machine,
    state: 'serving',
    models: range(0, 3).map((model) => ({
      name: modelName(model),
      contextTokensMax: 131_072,
      inputs: ['text'],
      outputs: ['text'],
      hasTools: true,
    })),
    hardware: { gpuCount: 2, vramMb: 49_152, vramMbFree: 8_192 },
    frameBytesMax: 104_857_600,
    inFlight: machine % 3,
    inFlightMax: 4,
    queued: 0,
    ...(isMeasured && {
      measured: {
        requests: 60,
        successRate: 0.98,
        firstMs: 200 + ((seller * 7 + machine) % 300),
        chunksPerSecond: 30 + (seller % 50),
      },
    }),
  };
}

export function range(from: number, length: number): readonly number[] {
  return Array.from({ length }, (_, index) => from + index);
}

function providerOf(seller: number): Provider {
  const isHosted = seller < hostedSellers;
  return {
    id: providerId(seller),
    ownerId: idOf('d', seller),
    username: `seller-${seller}`,
    name: `rig-${seller}`,
    isEnabled: true,
    createdAtMs,
    data: {
      isCollected: seller % 3 !== 0,
      isRetained: seller % 3 !== 0,
      region: seller % 2 ? 'eu' : 'us',
    },
    policy: {
      ...{ audience: 'market', guests: new Map(), hours: null, endpoints: null },
      buyerRates: { requestsPerMinuteMax: null, tokensPerMinuteMax: null },
      rates: { requestsPerMinuteMax: null, tokensPerMinuteMax: null },
    },
    source: isHosted
      ? {
          kind: 'openai',
          baseUrl: `https://seller-${seller}.example/v1`,
          headers: { authorization: 'Bearer a-credential-of-some-length' },
          models: new Map(
            range(0, modelsEach).map((model) => [modelName(model), `upstream-${model}`]),
          ),
        }
      : { kind: 'coderai', clientIds: null, registrations: [] },
  };
}

function listingOf(seller: number, model: number): Listing {
  const value: Prices = {
    prompt_token: nanos(BigInt(100_000_000 + ((seller * 37 + model) % 900) * 1_000_000)),
    completion_token: nanos(BigInt(400_000_000 + ((seller * 53 + model) % 900) * 3_000_000)),
  };
  const id = idOf('c', seller * modelsEach + model);
  const change = { id, value, validFromMs: createdAtMs, setAtMs: createdAtMs, setBy: null };
  const place = { id, providerId: providerId(seller), model: modelName(model) };
  return { ...place, prices: [change], isActive: true, fees: [] };
}

function rotationOf(index: number, name: string, members: readonly number[]): Rotation {
  return {
    id: idOf('b', 1_000 + index),
    ownerId: idOf('b', 0),
    username: 'global',
    name,
    createdAtMs,
    members: members.map((seller) => ({
      target: { kind: 'model', providerId: providerId(seller), model: modelName(0) },
      weight: 1 + (seller % 5),
      priority: 0,
    })),
    limits: { attemptsMax: null, firstByteMs: null, totalMs: null, hedgeAfterMs: null },
  };
}

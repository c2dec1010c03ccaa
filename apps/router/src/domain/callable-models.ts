import type { CallableModels } from '@aisbf/contracts';
import { globalUsername, ownedName, type Provider, type Rotation } from './catalogue.js';
import { type Offer, offerTo } from './offer.js';
import { type Pace, unknownPace } from './pace.js';
import { toPricesText } from './prices-text.js';
import { isOpenTo, rotationOffers, sellersOf } from './resolve.js';
import { qualifiedProviderRoute, qualifiedRotationRoute } from './route-name.js';
import type { RouteScope } from './scope.js';
import { isModelAllowed, isRouteAllowed } from './token-rules.js';
import { type WorkerModel, workerModels } from './worker-model.js';

export type Line = CallableModels['models'][number];
type PaceOf = (providerId: string, model: string) => Pace | undefined;
/** By name: what its workers tell of it; undefined of a hosted one, which nobody tells anything of. */
type Offered = ReadonlyMap<string, WorkerModel | undefined>;

/**
 * Every route that this buyer can call at the moment, by the shortest name that means it: own models, what
 * is on sale, rotations that lead somewhere.
 */
export function callableModels(
  scope: RouteScope,
  linesMax: number,
  paceOf: PaceOf = () => undefined,
): readonly Line[] {
  const { catalogue, sessionsOf } = scope;
  const offered = new Map<Provider, Offered>();
  const modelsOf = (provider: Provider) => {
    const known = offered.get(provider) ?? offeredModels(provider, sessionsOf);
    offered.set(provider, known);
    return known;
  };
  const lines: Line[] = [];
  for (const provider of catalogue.providers) {
    for (const model of namesToOffer(provider, scope, modelsOf)) {
      const offer = offerTo(scope, provider, model);
      const line =
        offer && !offer.isPaused && providerLine(offer, scope, modelsOf(provider).get(model));
      if (line) lines.push({ ...line, ...medians(paceOf(provider.id, model)) });
    }
  }
  const isLive = ({ provider, model, isPaused }: Offer) =>
    !isPaused && isModelAllowed(model, scope.buyer.rules) && modelsOf(provider).has(model);
  for (const rotation of catalogue.rotations) {
    const isCallable = isOpenTo(rotation, scope) && rotationOffers(rotation, scope).some(isLive);
    const line = isCallable ? rotationLine(rotation, scope) : undefined;
    if (line) lines.push(line);
  }
  return lines.sort((left, right) => (left.id < right.id ? -1 : 1)).slice(0, linesMax);
}

/** One's own: all that it offers. Somebody else's: what is on sale of that. */
function namesToOffer(
  provider: Provider,
  { buyer, catalogue }: RouteScope,
  modelsOf: (provider: Provider) => Offered,
): readonly string[] {
  if (provider.ownerId === buyer.ownerId) return [...modelsOf(provider).keys()];
  const listed = catalogue.listingsByProviderId.get(provider.id)?.keys() ?? [];
  return [...listed].filter((model) => modelsOf(provider).has(model));
}

function offeredModels(provider: Provider, sessionsOf: RouteScope['sessionsOf']): Offered {
  if (!provider.isEnabled) return new Map();
  const { source } = provider;
  if (source.kind === 'openai') {
    return new Map(
      source.headers ? [...source.models.keys()].map((name) => [name, undefined]) : [],
    );
  }
  const serving = sessionsOf(provider.id).filter(({ session }) => session.state === 'serving');
  return new Map(workerModels(serving).map((model) => [model.name, model]));
}

function providerLine(
  { provider, model, prices, batchPercent }: Offer,
  scope: RouteScope,
  told: WorkerModel | undefined,
): Line | undefined {
  const { rules } = scope.buyer;
  const qualified = qualifiedProviderRoute(provider.username, provider.name, model);
  const isShort = isShortNameOf(provider, model, scope);
  const id = allowedName(isShort ? `${provider.name}/${model}` : undefined, qualified, rules);
  if (id === undefined || !isModelAllowed(model, rules)) return undefined;
  return {
    id,
    ownedBy: provider.username,
    createdAtS: Math.floor(provider.createdAtMs / 1000),
    prices: toPricesText(prices),
    ...(batchPercent !== undefined && { batchPercent }),
    ...(told && factsOf(told)),
  };
}

function medians(pace: Pace | undefined): Partial<Line> {
  const { firstMs, tokensPerS } = pace ?? unknownPace;
  return {
    ...(firstMs && { firstMs: Math.round(firstMs.p50) }),
    ...(tokensPerS && { tokensPerS: Math.round(tokensPerS.p50 * 10) / 10 }),
  };
}

function factsOf({ contextLength, facts, endpoints }: WorkerModel): Partial<Line> {
  return {
    ...facts,
    ...(contextLength !== null && { contextLength }),
    ...(endpoints !== null && { endpoints: [...endpoints] }),
  };
}

/** Whether `provider/model` means this provider to this buyer; the mirror of how routes are resolved. */
function isShortNameOf(provider: Provider, model: string, scope: RouteScope): boolean {
  const { buyer, catalogue } = scope;
  const own = catalogue.providerByOwnedName.get(ownedName(buyer.ownerId, provider.name));
  if (own) return own.id === provider.id;
  const sellers = sellersOf(
    catalogue.sellersByRoute.get(`${provider.name}/${model}`),
    model,
    scope,
  );
  return provider.username === globalUsername || sellers.length === 1;
}

/** The shortest name under which the token may call it. */
export function allowedName(
  short: string | undefined,
  qualified: string,
  rules: RouteScope['buyer']['rules'],
): string | undefined {
  return [short, qualified].find((name) => name !== undefined && isRouteAllowed(name, rules));
}

function rotationLine(rotation: Rotation, { buyer, catalogue }: RouteScope): Line | undefined {
  const own = catalogue.rotationByOwnedName.get(ownedName(buyer.ownerId, rotation.name));
  const isShort = own ? own.id === rotation.id : rotation.username === globalUsername;
  const id = allowedName(
    isShort ? `rotation/${rotation.name}` : undefined,
    qualifiedRotationRoute(rotation.username, rotation.name),
    buyer.rules,
  );
  if (id === undefined) return undefined;
  return {
    id,
    ownedBy: rotation.username,
    createdAtS: Math.floor(rotation.createdAtMs / 1000),
    // Its members have prices of their own; which one is paid is known when one has served.
    prices: null,
  };
}

import type { CallableModels, ModelFacts } from '@aisbf/contracts';
import { globalUsername, ownedName, type Provider, type Rotation } from './catalogue.js';
import { sellersOf } from './model-offers.js';
import { type Offer, offerTo } from './offer.js';
import { type Pace, unknownPace } from './pace.js';
import { toPricesText } from './prices-text.js';
import { isOpenTo, rotationOffers } from './resolve.js';
import { qualifiedProviderRoute, qualifiedRotationRoute } from './route-name.js';
import type { RouteScope } from './scope.js';
import { isModelAllowed, isRouteAllowed } from './token-rules.js';
import { type WorkerModel, workerModels } from './worker-model.js';

export type Line = CallableModels['models'][number];
/** What is told of a model. */
type Facts = ModelFacts & Pick<Line, 'contextLength' | 'endpoints'>;
export type PaceOf = (providerId: string, model: string) => Pace | undefined;
/** By name: what its workers tell of it; undefined of a hosted one, which nobody tells anything of. */
export type Offered = ReadonlyMap<string, WorkerModel | undefined>;
type OfferedBy = (provider: Provider) => Offered;

/** What a buyer can call at the moment, each by the shortest name that means it. */
export type Callable = Readonly<{
  models: readonly Readonly<{ id: string; offer: Offer; told: WorkerModel | undefined }>[];
  /** With all to whom a rotation may lead at the moment. */
  rotations: readonly Readonly<{ id: string; rotation: Rotation; offers: readonly Offer[] }>[];
}>;

/** Own models, what is on sale, and rotations that lead somewhere. */
export function callable(scope: RouteScope): Callable {
  const offered = new Map<Provider, Offered>();
  const modelsOf: OfferedBy = (provider) => {
    const known = offered.get(provider) ?? offeredModels(provider, scope.sessionsOf);
    offered.set(provider, known);
    return known;
  };
  return { models: namedModels(scope, modelsOf), rotations: namedRotations(scope, modelsOf) };
}

/** Every route that this buyer can call at the moment, as a list tells of it. */
export function callableModels(
  scope: RouteScope,
  linesMax: number,
  paceOf: PaceOf = () => undefined,
): readonly Line[] {
  const { models, rotations } = callable(scope);
  const lines = [
    ...models.map(({ id, offer, told }) => ({
      ...providerLine(id, offer, told),
      ...medians(paceOf(offer.provider.id, offer.model)),
    })),
    ...rotations.map(({ id, rotation }) => rotationLine(id, rotation)),
  ];
  return lines.sort((left, right) => (left.id < right.id ? -1 : 1)).slice(0, linesMax);
}

function namedModels(scope: RouteScope, modelsOf: OfferedBy): Callable['models'] {
  return scope.catalogue.providers.flatMap((provider) =>
    namesToOffer(provider, scope, modelsOf).flatMap((model) => {
      const offer = offerTo(scope, provider, model);
      const isOpen = offer && !offer.isPaused && isModelAllowed(model, scope.buyer.rules);
      const id = isOpen ? providerRoute(provider, model, scope) : undefined;
      return offer && id !== undefined ? [{ id, offer, told: modelsOf(provider).get(model) }] : [];
    }),
  );
}

function namedRotations(scope: RouteScope, modelsOf: OfferedBy): Callable['rotations'] {
  const isLive = ({ provider, model, isPaused }: Offer) =>
    !isPaused && isModelAllowed(model, scope.buyer.rules) && modelsOf(provider).has(model);
  return scope.catalogue.rotations.flatMap((rotation) => {
    const offers = isOpenTo(rotation, scope) ? rotationOffers(rotation, scope).filter(isLive) : [];
    const id = offers.length > 0 ? rotationId(rotation, scope) : undefined;
    return id === undefined ? [] : [{ id, rotation, offers }];
  });
}

/** One's own: all that it offers. Somebody else's: what is on sale of that. */
function namesToOffer(
  provider: Provider,
  { buyer, catalogue }: RouteScope,
  modelsOf: OfferedBy,
): readonly string[] {
  if (provider.ownerId === buyer.ownerId) return [...modelsOf(provider).keys()];
  const listed = catalogue.listingsByProviderId.get(provider.id)?.keys() ?? [];
  return [...listed].filter((model) => modelsOf(provider).has(model));
}

/** What a provider has at the moment, by its workers or by what is known of its API. */
export function offeredModels(provider: Provider, sessionsOf: RouteScope['sessionsOf']): Offered {
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
  id: string,
  { provider, prices, batchPercent }: Offer,
  told: WorkerModel | undefined,
): Line {
  return {
    id,
    ownedBy: provider.username,
    createdAtS: Math.floor(provider.createdAtMs / 1000),
    prices: toPricesText(prices),
    ...(batchPercent !== undefined && { batchPercent }),
    ...(told && factsOf(told)),
  };
}

/** The shortest route to a provider's model that the token may call. */
export function providerRoute(
  provider: Provider,
  model: string,
  scope: RouteScope,
): string | undefined {
  const qualified = qualifiedProviderRoute(provider.username, provider.name, model);
  const isShort = isShortNameOf(provider, model, scope);
  const short = isShort ? `${provider.name}/${model}` : undefined;
  return allowedName(short, qualified, scope.buyer.rules);
}

export function medians(pace: Pace | undefined): Pick<Line, 'firstMs' | 'tokensPerS'> {
  const { firstMs, tokensPerS } = pace ?? unknownPace;
  return {
    ...(firstMs && { firstMs: Math.round(firstMs.p50) }),
    ...(tokensPerS && { tokensPerS: Math.round(tokensPerS.p50 * 10) / 10 }),
  };
}

export function factsOf({ contextLength, facts, endpoints }: WorkerModel): Facts {
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

function rotationId(rotation: Rotation, { buyer, catalogue }: RouteScope): string | undefined {
  const own = catalogue.rotationByOwnedName.get(ownedName(buyer.ownerId, rotation.name));
  const isShort = own ? own.id === rotation.id : rotation.username === globalUsername;
  return allowedName(
    isShort ? `rotation/${rotation.name}` : undefined,
    qualifiedRotationRoute(rotation.username, rotation.name),
    buyer.rules,
  );
}

function rotationLine(id: string, rotation: Rotation): Line {
  return {
    id,
    ownedBy: rotation.username,
    createdAtS: Math.floor(rotation.createdAtMs / 1000),
    // Its members have prices of their own; which one is paid is known when one has served.
    prices: null,
  };
}

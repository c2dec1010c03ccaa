import { type Percentiles, ProviderWishes, type RequestFacts, RouteWishes } from '@aisbf/contracts';
import { isObject, type RequestProblem } from '@aisbf/openai';
import { readPriceLimits } from './price-limits.js';

type Wish = Pick<RequestFacts, 'fallbacks' | 'stickyKey' | 'preferences' | 'pricesMax' | 'costMax'>;
type Preferences = NonNullable<RequestFacts['preferences']>;
type Body = Readonly<Record<string, unknown>>;

/** What a buyer wishes of its route, and the members of its body that only the market understands. */
export type BuyerWishes = Readonly<{ facts: Wish; ownMembers: ReadonlySet<string> }>;

/** Members that every model heeds, or that say nothing to it. */
const heededByAll: ReadonlySet<string> = new Set([
  ...['model', 'models', 'messages', 'stream', 'stream_options', 'user', 'metadata'],
  ...['provider', 'session_id', 'max_cost'],
]);
const parameterName = /^[a-z0-9_]{1,32}$/;
/** As many as the router takes. */
const parametersMax = 48;

/**
 * Reads `models`, `session_id`, `provider` and `max_cost`. A `provider` that is no object, or says nothing that
 * is known here, is somebody else's and goes on to the upstream.
 */
export function readRouteWishes(
  body: Body,
  sessionHeader: string | undefined,
): BuyerWishes | RequestProblem {
  const limits = readPriceLimits(body);
  if ('code' in limits) return limits;
  const route = RouteWishes.safeParse(body);
  if (!route.success) return problemOf(route.error, '');
  const isOurs = isObject(body.provider) && isKnown(body.provider);
  const provider = ProviderWishes.safeParse(isOurs ? body.provider : {});
  if (!provider.success) return problemOf(provider.error, 'provider.');
  const { models, session_id: sessionId } = route.data;
  const stickyKey = sessionId ?? sessionHeader;
  const preferences = preferencesOf(provider.data, body);
  const ownMembers = new Set(limits.ownMembers);
  for (const name of ['models', 'session_id']) if (name in body) ownMembers.add(name);
  if (isOurs) ownMembers.add('provider');
  return {
    facts: {
      ...limits.facts,
      ...(models && models.length > 0 && { fallbacks: models }),
      ...(stickyKey !== undefined && { stickyKey }),
      ...(Object.keys(preferences).length > 0 && { preferences }),
    },
    ownMembers,
  };
}

function isKnown(provider: Body): boolean {
  return Object.keys(provider).some((name) => Object.hasOwn(ProviderWishes.shape, name));
}

function preferencesOf(wishes: ProviderWishes, body: Body): Preferences {
  const { order, only, ignore, quantizations, sort, region } = wishes;
  const throughputMin = percentilesOf(wishes.preferred_min_throughput, 1);
  const latencyMsMax = percentilesOf(wishes.preferred_max_latency, 1_000);
  return {
    ...(order && { order }),
    ...(only && { only }),
    ...(ignore && { ignore }),
    ...(typeof wishes.allow_fallbacks === 'boolean' && { allowsFallbacks: wishes.allow_fallbacks }),
    ...(wishes.require_parameters && { parameters: parametersOf(body) }),
    ...(wishes.data_collection === 'deny' && { deniesCollection: true }),
    ...(wishes.zdr && { isZeroRetention: true }),
    ...(quantizations && { quantizations }),
    ...(sort && { sort: typeof sort === 'string' ? sort : sort.by }),
    ...(region && { regions: typeof region === 'string' ? [region] : region }),
    ...(wishes.own_first && { isOwnFirst: true }),
    ...(throughputMin && { throughputMin }),
    ...(latencyMsMax && { latencyMsMax }),
  };
}

/** A number alone is the median. */
function percentilesOf(
  given: ProviderWishes['preferred_max_latency'],
  factor: number,
): Percentiles | undefined {
  if (given === undefined || given === null) return undefined;
  if (typeof given === 'number') return { p50: given * factor };
  const { p50, p75, p90, p99 } = given;
  return Object.fromEntries(
    Object.entries({ p50, p75, p90, p99 }).flatMap(([name, value]) =>
      typeof value === 'number' ? [[name, value * factor]] : [],
    ),
  );
}

function parametersOf(body: Body): string[] {
  return Object.entries(body)
    .filter(([name, value]) => value !== null && !heededByAll.has(name) && parameterName.test(name))
    .map(([name]) => name)
    .slice(0, parametersMax);
}

type SchemaError = Readonly<{
  issues: readonly Readonly<{ path: PropertyKey[]; message: string }>[];
}>;

function problemOf({ issues }: SchemaError, prefix: string): RequestProblem {
  const [issue] = issues;
  const param = `${prefix}${issue?.path.map(String).join('.') ?? ''}`;
  return { code: 'invalid_type', message: `'${param}': ${issue?.message ?? 'invalid'}.`, param };
}

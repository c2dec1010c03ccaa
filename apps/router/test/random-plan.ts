import type { EndpointName, OpenAiEndpoint, RequestFacts } from '@aisbf/contracts';
import { nanos } from '@aisbf/money';
import fc from 'fast-check';
import type { Provider, Rotation, StoredAutoselect } from '../src/domain/catalogue.js';
import { type Cooldown, healthKey } from '../src/domain/health.js';
import type { Pace } from '../src/domain/pace.js';
import type { PlanSettings } from '../src/domain/plan.js';
import { openPolicy, type ProviderPolicy } from '../src/domain/provider-policy.js';
import type { RateRejection } from '../src/domain/upstream.js';
import { type PlanCase, paceName } from './plan-case.js';
import { importingIn, importRoutes } from './random-imports.js';
import { fullMarkets, planSettings, type RandomMarket, routesOf } from './random-market.js';
import { models, ownerIdOf, usernames } from './random-names.js';
import { nowMs } from './random-schedule.js';
import { definitionsIn, signals } from './random-selection.js';
import { tokenRules, wishes } from './random-wishes.js';

export type SeededPlan = Readonly<{ one: PlanCase; seed: string }>;

/** The minute of the week of `nowMs`: a Thursday, a quarter past midnight. */
const minute = 3 * 1_440 + 16;
const rates = { requestsPerMinuteMax: null, tokensPerMinuteMax: null };

/** One in four. */
const rarely = <Value>(value: fc.Arbitrary<Value>) =>
  fc.oneof({ weight: 3, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: value });
const rarelyNull = <Value>(value: fc.Arbitrary<Value>) =>
  fc.oneof({ weight: 3, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: value });

const policy: fc.Arbitrary<ProviderPolicy | undefined> = fc.option(
  fc.record({
    audience: fc.constantFrom('market', 'market', 'market', 'listed', 'listed', 'private'),
    guests: fc
      .subarray([...usernames, 'carl'])
      .map((names) => new Map(names.map((name) => [ownerIdOf(name), name]))),
    hours: rarelyNull(
      fc.subarray(
        [
          { fromMinute: minute, toMinute: minute + 1 },
          { fromMinute: minute + 1, toMinute: minute + 60 },
          { fromMinute: minute - 60, toMinute: minute },
          { fromMinute: 10_079, toMinute: 10_080 + minute + 1 },
          { fromMinute: 10_000, toMinute: 10_080 + minute },
        ],
        { maxLength: 2 },
      ),
    ),
    endpoints: rarelyNull(
      fc.constantFrom(
        ...[['chat.completions'], ['embeddings'], []],
        ...[['studio'], ['pipelines.run'], ['chat.completions', 'pipelines.fast.run']],
      ),
    ),
    buyerRates: fc.constant(rates),
    rates: fc.constant(rates),
  }),
  { nil: openPolicy, freq: 2 },
) as fc.Arbitrary<ProviderPolicy | undefined>;

const cooldown: fc.Arbitrary<Cooldown> = fc
  .record(
    {
      failures: fc.integer({ min: 0, max: 3 }),
      lastEndAtMs: fc.constantFrom(nowMs - 50_000, nowMs - 1_000, nowMs),
      untilMs: fc.integer({ min: nowMs - 50, max: nowMs + 50 }),
      recent: fc.array(fc.boolean(), { maxLength: 8 }),
      trialUntilMs: fc.constantFrom(0, nowMs, nowMs + 7),
    },
    { requiredKeys: ['failures', 'lastEndAtMs', 'untilMs'] },
  )
  .map((known): Cooldown => known);

const figures = fc.option(
  fc
    .integer({ min: 1, max: 3_000 })
    .map((p50) => ({ p50, p75: p50 + 10, p90: 2 * p50, p99: 4_000 })),
);
const pace: fc.Arbitrary<Pace> = fc.record({ firstMs: figures, tokensPerS: figures });

const limits = fc.record({
  attemptsMax: fc.option(fc.integer({ min: 1, max: 4 })),
  firstByteMs: fc.option(fc.constantFrom(1_000)),
  totalMs: fc.option(fc.constantFrom(9_000)),
  hedgeAfterMs: fc.option(fc.constantFrom(200)),
});

const settings: fc.Arbitrary<PlanSettings> = fc
  .record({
    candidatesMax: fc.constantFrom(64, 64, 64, 3, 1),
    rejectionsMax: fc.constantFrom(64, 64, 64, 2),
    selectedOffersMax: fc.constantFrom(1_000, 1_000, 1_000, 2),
    promptTokensMax: fc.constantFrom(...Array.from({ length: 19 }, () => 100_000_000), 500),
    outliers: fc.option(
      fc.record({
        endsMin: fc.constantFrom(2, 4),
        shortfall: fc.constant(0.31),
        shareMax: fc.constantFrom(0.34, 0.5, 1),
        outMs: fc.constant(20_000),
      }),
      { nil: undefined, freq: 2 },
    ),
  })
  .map(({ outliers, ...changes }) => ({
    ...planSettings,
    ...changes,
    ...(outliers && { outliers }),
  }));

const upTo = (most: bigint) =>
  fc.bigInt({ min: 0n, max: most }).map((value) => nanos(value).toString());
const pricesMax = fc.record(
  {
    prompt_token: upTo(1_000_000_000n),
    cached_prompt_token: upTo(1_000_000_000n),
    completion_token: upTo(1_000_000_000n),
    reasoning_token: upTo(1_000_000_000n),
    request: upTo(1_000_000_000n),
    image: upTo(1_000_000_000n),
  },
  { requiredKeys: [] },
);

/** One that workers have by name, one by a template, and one that nobody has. */
export const studioPaths = fc.constantFrom(
  ...['/v1/pipelines/fast/run', '/v1/pipelines/slow/run', '/v1/pipelines'],
);

const seldom = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: undefined, freq: 2 });
function requestsIn(market: RandomMarket): fc.Arbitrary<RequestFacts> {
  const route = fc
    .tuple(
      fc.oneof(
        { weight: 2, arbitrary: leadingRoutes(market) },
        { weight: 1, arbitrary: routesOf(market) },
        { weight: 1, arbitrary: autoselectRoutes },
        ...(market.catalogue.imports.length > 0
          ? [{ weight: 1, arbitrary: fc.constantFrom(...importRoutes) }]
          : []),
      ),
      fc.constantFrom('', '', '', ':nitro', ':floor'),
    )
    .map(([name, suffix]) => `${name}${suffix}`);
  return fc
    .record({
      route,
      endpoint: fc.constantFrom<EndpointName[]>(
        ...Array.from({ length: 6 }, () => 'chat.completions' as const),
        ...(['responses', 'embeddings', 'images.generations', 'studio', 'studio'] as const),
        ...(['completions', 'completions'] as const),
      ),
      studioPath: studioPaths,
      isBatch: rarely(fc.boolean()),
      isDeferred: rarely(fc.boolean()),
      isAsItCame: seldom(fc.boolean()),
      units: rarely(
        fc.record({ image: fc.integer({ min: 1, max: 4 }), audio_second: fc.constantFrom(0, 90) }),
      ),
      fallbacks: seldom(fc.array(route, { minLength: 1, maxLength: 3 })),
      stickyKey: rarely(fc.constantFrom('one', 'two')),
      preferences: wishes,
      isStream: fc.boolean(),
      bodyBytes: fc.constantFrom(100, 3_072, 3_073),
      promptTokens: fc.constantFrom(0, 300, 500, 501, 5_000),
      outputTokensMax: fc.option(fc.constantFrom(0, 10, 1_024, 1_025, 50_000)),
      choices: fc.constantFrom(1, 1, 3),
      pricesMax: rarely(pricesMax),
      costMax: rarely(
        fc.constantFrom('0', '1000', '1000000', '100000000', '500000000', '2000000000'),
      ),
      inputs: seldom(fc.constantFrom(['text'], ['image'], ['image', 'audio'])),
      hasTools: seldom(fc.boolean()),
      signals: fc.option(signals, { nil: undefined }),
    })
    .map(({ studioPath, ...facts }) => {
      const all = { ...facts, ...(facts.endpoint === 'studio' && { studioPath }) };
      const said = Object.entries(all).filter(([, value]) => value !== undefined);
      return Object.fromEntries(said) as RequestFacts;
    });
}

/** Those that most likely lead to somebody: on sale, or one's own. */
function leadingRoutes(market: RandomMarket): fc.Arbitrary<string> {
  const { catalogue, buyer } = market;
  const own = catalogue.providers.filter(({ ownerId }) => ownerId === buyer.ownerId);
  const routes = [
    ...catalogue.rotations.map(({ username, name }) => `${username}/rotation/${name}`),
    ...catalogue.rotations.map(({ name }) => `rotation/${name}`),
    ...own.flatMap(({ name }) => models.map((model) => `${name}/${model}`)),
    ...catalogue.imports.map(({ name }) => `import/${name}`),
    ...catalogue.listings.flatMap(({ providerId, model }) => {
      const sold = catalogue.providerById.get(providerId);
      return sold ? [`${sold.username}/provider/${sold.name}/${model}`] : [];
    }),
  ];
  return routes.length > 0 ? fc.constantFrom(...routes) : routesOf(market);
}

const autoselectRoutes = fc.constantFrom(
  ...['pick', 'cheap'].flatMap((name) => [
    `autoselect/${name}`,
    `autoselections/${name}`,
    `user-autoselect/${name}`,
    ...usernames.map((username) => `${username}/autoselect/${name}`),
  ]),
  'autoselect/nothing',
  'autoselect/private',
  'autoselect/balanced',
  'autoselect/hosted-fallback',
);

function autoselectsIn(market: RandomMarket): fc.Arbitrary<readonly StoredAutoselect[]> {
  const places = usernames.flatMap((username) =>
    ['pick', 'cheap'].map((name) => ({ username, name })),
  );
  return fc.subarray(places, { maxLength: 3 }).chain((chosen) =>
    fc.tuple(
      ...chosen.map(({ username, name }) =>
        definitionsIn(market).map((definition) => ({
          id: `${username}-${name}`,
          ownerId: ownerIdOf(username),
          username,
          name,
          createdAtMs: 1,
          definition,
        })),
      ),
    ),
  );
}

/** A chain of rotations that is deeper than counts, each with a member of its own. */
function deepChain(providers: readonly Provider[], depth: number): readonly Rotation[] {
  return Array.from({ length: depth }, (_, at): Rotation => {
    const provider = providers[at % providers.length];
    const next = `deep-${at + 1}`;
    return {
      id: `deep-${at}`,
      ownerId: ownerIdOf('global'),
      username: 'global',
      name: at === 0 ? 'main' : `deep${at}`,
      createdAtMs: 1,
      members: [
        { target: { kind: 'rotation', rotationId: next }, weight: 2, priority: at % 2 },
        {
          target: { kind: 'model', providerId: provider?.id ?? '', model: models[at % 2] ?? '' },
          weight: 1,
          priority: 0,
        },
      ],
      limits: { attemptsMax: null, firstByteMs: null, totalMs: null, hedgeAfterMs: null },
    };
  });
}

function withChain(rotations: readonly Rotation[], providers: readonly Provider[], depth: number) {
  if (depth === 0) return rotations;
  return [...rotations.filter(({ id }) => id !== 'global-main'), ...deepChain(providers, depth)];
}

/** What a hosted API serves, where its owner says so. */
const hostedDoors = rarely(
  fc
    .subarray<OpenAiEndpoint>(['chat.completions', 'responses', 'completions', 'embeddings'])
    .map((all) => new Set(all)),
);

function withDoors(
  provider: Provider,
  endpoints: ReadonlySet<OpenAiEndpoint> | undefined,
): Provider {
  const { source } = provider;
  return source.kind === 'openai' && endpoints
    ? { ...provider, source: { ...source, endpoints } }
    : provider;
}

function keysOf({ catalogue, sessions }: RandomMarket): readonly string[] {
  return [
    ...catalogue.providers.flatMap(({ id }) =>
      models.flatMap((model) => keysBy(id, `${model}-upstream`, null)),
    ),
    ...sessions.flatMap(({ providerId, sessionId }) =>
      models.flatMap((model) => keysBy(providerId, model, sessionId)),
    ),
  ];
}

/** Endpoints of which something is known; by the others nobody was asked yet. */
const knownEndpoints = ['chat.completions', 'responses', 'embeddings'] as const;

/** How it is by another endpoint than the request's is known too, and says nothing. */
function keysBy(...upstream: readonly [string, string, string | null]): readonly string[] {
  return knownEndpoints.map((endpoint) => healthKey(...upstream, endpoint));
}

const mapOf = <Value>(keys: readonly string[], value: fc.Arbitrary<Value>) =>
  fc
    .tuple(...keys.map((key) => rarely(value).map((one) => [key, one] as const)))
    .map((all) => new Map(all.flatMap(([key, one]) => (one === undefined ? [] : [[key, one]]))));

/** Everything that a plan depends on, and few names, so that it collides. */
export const seededPlans: fc.Arbitrary<SeededPlan> = fc
  .oneof(fullMarkets, importingIn(fullMarkets))
  .chain(plansIn);

function plansIn(market: RandomMarket): fc.Arbitrary<SeededPlan> {
  const { revision, providers, listings, rotations, imports, usageChecks, sellerFees } =
    market.catalogue;
  const others = providers.filter(({ ownerId }) => ownerId !== market.buyer.ownerId);
  return fc
    .record({
      doors: fc.tuple(...providers.map(() => hostedDoors)),
      policies: fc.tuple(...providers.map(() => policy)),
      limits: fc.tuple(...rotations.map(() => limits)),
      depth: fc.constantFrom(0, 0, 0, 0, 3, 7, 8, 9),
      autoselects: autoselectsIn(market),
      health: mapOf(keysOf(market), cooldown),
      pace: mapOf(
        providers.flatMap(({ id }) => knownEndpoints.map((endpoint) => paceName(id, endpoint))),
        pace,
      ),
      barred: rarely(
        mapOf(
          others.map(({ id }) => id),
          fc.constantFrom<RateRejection[]>('rate_reached', 'rate_unknown'),
        ),
      ),
      rules: rarely(rarely(tokenRules)),
      facts: requestsIn(market),
      usualOutput: fc.constantFrom(undefined, 10, 300, 9_000),
      settings,
      seed: fc.string({ minLength: 1, maxLength: 4 }),
    })
    .map(
      ({
        policies,
        doors,
        depth,
        rules,
        seed,
        limits: ofRotations,
        autoselects,
        barred,
        ...rest
      }) => {
        const open = providers.map((provider, at) => ({
          ...withDoors(provider, doors[at]),
          policy: policies[at] ?? openPolicy,
        }));
        const limited = rotations.map((each, at) => ({
          ...each,
          limits: ofRotations[at] ?? each.limits,
        }));
        const catalogue = {
          revision,
          listings,
          imports,
          usageChecks,
          sellerFees,
          autoselects,
          providers: open,
          rotations: withChain(limited, open, depth),
        };
        const buyer = { ...market.buyer, ...(rules && { rules }) };
        const around = { sessions: market.sessions, barred: barred ?? new Map() };
        return { one: { ...rest, ...around, catalogue, buyer }, seed };
      },
    );
}

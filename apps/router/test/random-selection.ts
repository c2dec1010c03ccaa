import type {
  Advice,
  AutoselectDefinition,
  DecisionTree,
  PresentModel,
  RequestFacts,
  Selection,
  Signals,
  Source,
} from '@aisbf/contracts';
import { Fault } from '@aisbf/faults';
import fc from 'fast-check';
import { indexCatalogue, type StoredAutoselect } from '../src/domain/catalogue.js';
import { plan, type RoutePlan } from '../src/domain/plan.js';
import type { Upstream } from '../src/domain/upstream.js';
import { randomFromSeed } from '../src/domain/weighted-order.js';
import { whyNot } from './plan-oracle-fit.js';
import { costAtMost, isAbovePrices, outputHeld } from './plan-oracle-money.js';
import {
  markets,
  models,
  ownerIdOf,
  planSettings,
  type RandomMarket,
  surroundings,
  usernames,
} from './random-market.js';

/** A market, an autoselect in it, and one who asks for it. */
export type SelectionCase = Readonly<{
  market: RandomMarket;
  autoselect: StoredAutoselect;
  facts: RequestFacts;
  pace: Readonly<Record<string, number>>;
  seed: string;
}>;

const nanosText = fc.bigInt({ min: 0n, max: 1_000_000_000n }).map(String);

const ceiling: Readonly<Record<string, fc.Arbitrary<Selection['ceilings']>>> = {
  prices: fc
    .record(
      {
        prompt_token: nanosText,
        cached_prompt_token: nanosText,
        completion_token: nanosText,
        reasoning_token: nanosText,
      },
      { requiredKeys: [] },
    )
    .map((pricesMax) => ({ pricesMax })),
  cost: fc.bigInt({ min: 0n, max: 1_000_000n }).map((cost) => ({ expectedCostMax: String(cost) })),
  firstMs: fc.integer({ min: 1, max: 3_000 }).map((firstMsMax) => ({ firstMsMax })),
  context: fc.constantFrom(100, 600, 600_000).map((contextTokensMin) => ({ contextTokensMin })),
  declared: fc.boolean().map((isDeclared) => ({ isDeclared })),
  regions: fc.subarray(['eu', 'us'], { minLength: 1 }).map((regions) => ({ regions })),
  sources: fc
    .subarray<Source>(['own', 'workers', 'hosted'], { minLength: 1 })
    .map((sources) => ({ sources })),
};

/** One or two of them: all together would leave nobody. */
const ceilings: fc.Arbitrary<Selection['ceilings']> = fc
  .subarray(Object.values(ceiling), { maxLength: 2 })
  .chain((some) => fc.tuple(...some))
  .map((parts) => Object.assign({}, ...parts));
const weight = fc.integer({ min: 0, max: 100 });
const weights = fc.record({
  price: weight,
  speed: weight,
  firstToken: weight,
  load: weight,
  success: weight,
  quality: weight,
});

function selectionsIn({ catalogue }: RandomMarket) {
  const members = [
    ...catalogue.providers.flatMap(({ id }) => models.map((model) => ({ providerId: id, model }))),
    ...catalogue.rotations.map(({ id }) => ({ rotationId: id })),
    ...catalogue.imports.map(({ id }) => ({ importId: id })),
  ];
  const from = fc.oneof(fc.constant('everything' as const), fc.subarray(members, { minLength: 1 }));
  const privacy = fc.constantFrom('ignored' as const, 'marked' as const, 'always' as const);
  return fc.array(fc.record({ from, ceilings, weights, privacy }), { minLength: 1, maxLength: 3 });
}

const conditions = fc.constantFrom<DecisionTree[]>(
  { signal: 'hasTools', op: 'is', value: true },
  { signal: 'isPrivate', op: 'is', value: true },
  { not: { signal: 'inputs', op: 'has', value: 'image' } },
  { signal: 'classes', op: 'has', value: 'poem' },
  {
    any: [
      { signal: 'promptTokens', op: 'at_least', value: 400 },
      { signal: 'subjects', op: 'has', value: 'code' },
    ],
  },
);

const state = fc.constantFrom('given' as const, 'late' as const);
const advice: fc.Arbitrary<Advice> = fc.record(
  {
    autoselect: fc.constantFrom(
      ...usernames.flatMap((username) => [`${username}/pick`, `${username}/cheap`]),
    ),
    classes: fc.record({
      state,
      similarities: fc.constantFrom<Record<string, number>[]>({}, { poem: 0.4 }, { poem: 0.5 }),
    }),
    judge: fc.record({
      state,
      choice: fc.option(
        fc
          .tuple(
            fc.constantFrom(...usernames),
            fc.constantFrom('rig', 'cloud'),
            fc.constantFrom(...models),
          )
          .map((names) => names.join('/')),
      ),
    }),
  },
  { requiredKeys: ['autoselect'] },
);

const classes = fc.constantFrom<AutoselectDefinition['classes'][]>(undefined, [
  { name: 'poem', examples: ['Write a poem.'], similarityMin: 0.5 },
]);

const readSignals: fc.Arbitrary<Omit<Signals, 'advice'>> = fc.record({
  contextClass: fc.constantFrom('short' as const, 'huge' as const),
  turns: fc.integer({ min: 0, max: 9 }),
  inputs: fc.constantFrom([], ['image']),
  hasTools: fc.boolean(),
  isStructured: fc.boolean(),
  language: fc.constantFrom('en', null),
  subjects: fc.constantFrom([], ['code' as const]),
  codeShare: fc.constantFrom(0, 0.5),
  mathsShare: fc.constant(0),
  private: fc.constantFrom([], [], ['email' as const]),
  isCut: fc.constantFrom(false, false, false, true),
  metadata: fc.constant({}),
});

export const signals: fc.Arbitrary<Signals> = fc
  .tuple(readSignals, fc.option(fc.array(advice, { minLength: 1, maxLength: 3 })))
  .map(([read, told]) => (told ? { ...read, advice: told } : read));

const requests: fc.Arbitrary<RequestFacts> = fc.record(
  {
    endpoint: fc.constant('chat.completions' as const),
    route: fc.constant('autoselect/pick'),
    fallbacks: fc.constant(['rig/llama']),
    isStream: fc.boolean(),
    bodyBytes: fc.constant(100),
    promptTokens: fc.constantFrom(0, 300, 550, 5_000),
    outputTokensMax: fc.constantFrom(null, 10, 1_000),
    choices: fc.constant(1),
    inputs: fc.constantFrom(['text'], ['image']),
    hasTools: fc.boolean(),
    signals,
  },
  {
    requiredKeys: [
      'endpoint',
      'route',
      'isStream',
      'bodyBytes',
      'promptTokens',
      'outputTokensMax',
      'choices',
    ],
  },
);

/** The buyer's own, so that it is the one that is meant. */
const ownedBy = (ownerId: string) => ({
  id: 'pick',
  ownerId,
  username: usernames.find((name) => ownerIdOf(name) === ownerId) ?? 'carl',
  name: 'pick',
  createdAtMs: 1,
});

export function definitionsIn(market: RandomMarket): fc.Arbitrary<AutoselectDefinition> {
  return fc
    .record({
      decisions: fc.array(fc.record({ when: conditions, use: selectionsIn(market) }), {
        maxLength: 2,
      }),
      otherwise: selectionsIn(market),
      qualities: fc.array(fc.constant({ model: 'org*', tier: 80 }), { maxLength: 1 }),
      classes,
    })
    .map(({ decisions, classes: known, ...definition }) => ({
      ...definition,
      ...(known && { classes: known }),
      decisions: decisions.map((one, at) => ({ ...one, name: `d${at}` })),
    }));
}

export const selectionCases: fc.Arbitrary<SelectionCase> = markets.chain((market) =>
  fc.record({
    market: fc.constant(market),
    autoselect: definitionsIn(market).map((definition) => ({
      ...ownedBy(market.buyer.ownerId),
      definition,
    })),
    facts: requests,
    pace: fc.dictionary(
      fc.constantFrom(...market.catalogue.providers.map(({ id }) => id)),
      fc.integer({ min: 1, max: 5_000 }),
    ),
    seed: fc.string({ minLength: 1, maxLength: 4 }),
  }),
);

export function plannedCase({
  market,
  autoselect,
  facts,
  pace,
  seed,
}: SelectionCase): RoutePlan | Fault {
  const { revision, providers, listings, rotations, usageChecks } = market.catalogue;
  const figures = (p50: number | undefined) =>
    p50 === undefined ? null : { p50, p75: p50, p90: p50, p99: p50 };
  try {
    return plan({
      facts,
      buyer: market.buyer,
      catalogue: indexCatalogue({
        revision,
        providers,
        listings,
        rotations,
        usageChecks,
        sellerFees: market.catalogue.sellerFees,
        autoselects: [autoselect],
      }),
      around: {
        ...surroundings(market.sessions, market.cooling),
        paceOf: (providerId) => ({ firstMs: figures(pace[providerId]), tokensPerS: null }),
      },
      random: randomFromSeed(seed),
      usualOutputOf: () => undefined,
      settings: planSettings,
    });
  } catch (error) {
    if (error instanceof Fault) return error;
    throw error;
  }
}

/** Which selection may have let this in, by looking at the machine itself and not at how it was chosen. */
export function mayServe(
  one: SelectionCase,
  upstream: Upstream,
  { use }: Readonly<{ use: readonly Selection[] }>,
): boolean {
  return use.some((selection) => isWithin(one, upstream, selection));
}

function isWithin(
  one: SelectionCase,
  { offer, target }: Upstream,
  { ceilings: most }: Selection,
): boolean {
  const { facts, pace, market } = one;
  const { provider, prices, model, isOwn } = offer;
  const session = target.kind === 'session' ? target.present.session : undefined;
  const there = session?.models.find(({ name }) => name === model);
  const output = outputHeld(facts, planSettings, undefined);
  const source = isOwn ? 'own' : session ? 'workers' : 'hosted';
  const firstMs = pace[provider.id] ?? slowest(market, provider.id, model, facts);
  return [
    !most.pricesMax || !isAbovePrices(prices, most.pricesMax),
    most.expectedCostMax === undefined ||
      costAtMost(prices, facts, output) <= BigInt(most.expectedCostMax),
    most.firstMsMax === undefined || (firstMs !== undefined && firstMs <= most.firstMsMax),
    most.contextTokensMin === undefined || (there?.contextTokensMax ?? 0) >= most.contextTokensMin,
    most.isDeclared !== true || isTold(there, facts),
    most.regions === undefined || most.regions.includes(provider.data.region ?? ''),
    most.sources === undefined || most.sources.includes(source),
  ].every(Boolean);
}

function isTold(there: PresentModel | undefined, { inputs = [], hasTools }: RequestFacts): boolean {
  if (!there || there.contextTokensMax === null) return false;
  return (
    inputs.every((input) => there.inputs?.includes(input)) && (!hasTools || there.hasTools === true)
  );
}

/** The slowest that is known of its workers: nobody may be slower than the ceiling unseen. */
function slowest(
  { sessions }: RandomMarket,
  providerId: string,
  model: string,
  facts: RequestFacts,
) {
  const known = sessions
    .filter((session) => session.providerId === providerId)
    .filter((session) => whyNot({ facts, settings: planSettings }, session, model) === undefined)
    .flatMap(({ measured }) => measured?.firstMs ?? []);
  return known.length > 0 ? Math.max(...known) : undefined;
}

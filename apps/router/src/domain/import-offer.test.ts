import type { RequestFacts } from '@aisbf/contracts';
import { Fault } from '@aisbf/faults';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { importing, importNames, importRoutes } from '../../test/random-imports.js';
import {
  planSettings,
  type RandomMarket,
  routesOf,
  surroundings,
} from '../../test/random-market.js';
import { holdingAt, nowMs } from '../../test/random-schedule.js';
import { callableImports } from './callable-imports.js';
import { callableModels } from './callable-models.js';
import { globalUsername, indexCatalogue, type MarketImport } from './catalogue.js';
import { toExplained } from './explained-candidate.js';
import { toImport } from './import-message.js';
import { plan, type RoutePlan } from './plan.js';
import { toRejection } from './plan-message.js';
import { qualifiedProviderRoute } from './route-name.js';
import { placeOf, type Upstream } from './upstream.js';
import { randomFromSeed } from './weighted-order.js';

const factsOf = (route: string): RequestFacts => ({
  ...{ endpoint: 'chat.completions', route, isStream: false, bodyBytes: 100 },
  ...{ promptTokens: 100, outputTokensMax: 10, choices: 1 },
});

const inputOf = (market: RandomMarket, route: string, seed: string) => ({
  facts: factsOf(route),
  buyer: market.buyer,
  catalogue: market.catalogue,
  around: surroundings(market.sessions, market.cooling),
  random: randomFromSeed(seed),
  usualOutputOf: () => undefined,
  settings: planSettings,
});

function planned(market: RandomMarket, route: string, seed: string): RoutePlan | Fault {
  try {
    return plan(inputOf(market, route, seed));
  } catch (error) {
    if (error instanceof Fault) return error;
    throw error;
  }
}

/** What a buyer is told: who would be asked at which price, or why nobody. */
function told(market: RandomMarket, route: string, seed: string): object {
  const found = planned(market, route, seed);
  if (found instanceof Fault) return found.toData();
  const { candidates, holdAmount, rejections } = found;
  const asked = candidates.map((one) => [placeOf(one), one.offer.prices, one.offer.feeBps]);
  return { asked, holdAmount, rejections: rejections.map(toRejection) };
}

/** Said in the plainest way: the price in force of an active listing. */
function priceOf({ catalogue }: RandomMarket, { providerId, model }: MarketImport) {
  const listing = catalogue.listings.find(
    (one) => one.providerId === providerId && one.model === model && one.isActive,
  );
  return listing && holdingAt(listing.prices, nowMs);
}

const isMine = ({ buyer }: RandomMarket, { ownerId }: MarketImport) => ownerId === buyer.ownerId;

/** With the buyer in the place of whoever has imported the first of them. */
const importers = importing
  .filter(({ catalogue }) => catalogue.imports.length > 0)
  .map((market) => {
    const [first] = market.catalogue.imports;
    return { ...market, buyer: { ownerId: first?.ownerId ?? '' } };
  });
const asked = fc.record({ market: importers, seed: fc.string() });

function withoutImports(market: RandomMarket, isGone: (one: MarketImport) => boolean) {
  const { catalogue } = market;
  const imports = catalogue.imports.filter((one) => !isGone(one));
  const isThere = new Set(imports.map(({ id }) => id));
  const rotations = catalogue.rotations.map((rotation) => ({
    ...rotation,
    members: rotation.members.filter(
      ({ target }) => target.kind !== 'import' || isThere.has(target.importId),
    ),
  }));
  return { ...market, catalogue: indexCatalogue({ ...catalogue, imports, rotations }) };
}

type Line = ReturnType<typeof importLines>[number];

/** It may be full, or know too little for the request, but is never too dear or gone. */
function expectCallable(market: RandomMarket, { id, prices, ownedBy }: Line, seed: string): void {
  const found = planned(market, id, seed);
  if (found instanceof Fault) {
    const never = ['IMPORT_NOT_ON_SALE', 'PRICE_ABOVE_MAX', 'MODEL_NOT_FOUND'];
    expect(never).not.toContain(found.code);
    return;
  }
  for (const { offer } of found.candidates) {
    expect(offer.provider.username).toBe(ownedBy);
    const texts = Object.entries(offer.prices).map(([unit, price]) => [unit, `${price}`]);
    expect(Object.fromEntries(texts)).toEqual(prices);
  }
}

const outcomes = { served: 0, dear: 0, gone: 0 };

/** One's own import, by one of its routes, beside the route of what it leads to. */
function expectAsItself(market: RandomMarket, found: MarketImport, route: string, seed: string) {
  const price = priceOf(market, found);
  const provider = market.catalogue.providerById.get(found.providerId);
  if (!price || !provider) {
    outcomes.gone += 1;
    expect(told(market, route, seed)).toMatchObject({ code: 'IMPORT_NOT_ON_SALE' });
    return;
  }
  const direct = qualifiedProviderRoute(provider.username, provider.name, found.model);
  const asItself = told(market, direct, seed);
  const throughImport = told(market, route, seed);
  if (!dearer({ ...price }, { ...found.pricesMax })) {
    outcomes.served += 'asked' in asItself ? 1 : 0;
    expect(throughImport).toEqual(asItself);
    return;
  }
  outcomes.dear += 1;
  // Who cannot serve anyway is refused for that.
  const refusal = 'asked' in asItself ? { code: 'PRICE_ABOVE_MAX' } : { code: expect.any(String) };
  expect(throughImport).toMatchObject(refusal);
}

describe('an import', () => {
  it('is asked as its listing is: the same places, price, fee and hold, up to its ceiling', () => {
    fc.assert(
      fc.property(asked, ({ market, seed }) => {
        for (const found of market.catalogue.imports.filter((one) => isMine(market, one))) {
          const { name, username } = found;
          for (const whose of ['import', 'imports', 'user-import', `${username}/import`]) {
            expectAsItself(market, found, `${whose}/${name}`, seed);
          }
        }
      }),
      { numRuns: 1_000 },
    );
    for (const count of Object.values(outcomes)) expect(count).toBeGreaterThan(100);
  });

  it('of somebody else leaves plans, refusals, reasons and lists as if it did not exist', () => {
    let differing = 0;
    const anything = importing.chain((market) =>
      fc.record({
        market: fc.constant(market),
        route: fc.oneof(routesOf(market), fc.constantFrom(...importRoutes)),
        seed: fc.string(),
      }),
    );
    fc.assert(
      fc.property(anything, ({ market, route, seed }) => {
        const isForeign = (one: MarketImport) =>
          !isMine(market, one) && one.username !== globalUsername;
        const without = withoutImports(market, isForeign);
        if (market.catalogue.imports.some(isForeign)) differing += 1;
        expect(told(market, route, seed)).toEqual(told(without, route, seed));
        expect(listed(market)).toEqual(listed(without));
      }),
      { numRuns: 1_000 },
    );
    expect(differing).toBeGreaterThan(300);
  });

  it("of the operator's is everybody's where nobody has one of the name, and tells nobody why it leads nowhere", () => {
    let shared = 0;
    fc.assert(
      fc.property(asked, ({ market, seed }) => {
        for (const name of importNames) {
          const { importByLabel, importByOwnedName } = market.catalogue;
          const own = importByOwnedName.get(`${market.buyer.ownerId}/${name}`);
          const global = importByLabel.get(`${globalUsername}/${name}`);
          const qualified = told(market, `${globalUsername}/import/${name}`, seed);
          if (!own) expect(told(market, `import/${name}`, seed)).toEqual(qualified);
          if (!global || isMine(market, global)) continue;
          shared += 1;
          expect(qualified).not.toMatchObject({ code: 'IMPORT_NOT_ON_SALE' });
        }
      }),
      { numRuns: 600 },
    );
    expect(shared).toBeGreaterThan(30);
  });

  it('is listed with the price at which it is called, if and only if it leads somewhere', () => {
    let lines = 0;
    fc.assert(
      fc.property(asked, ({ market, seed }) => {
        const listedLines = importLines(market);
        lines += listedLines.length;
        for (const line of listedLines) expectCallable(market, line, seed);
        const ids = new Set(listedLines.map(({ id }) => id));
        for (const { name } of market.catalogue.imports.filter((one) => isMine(market, one))) {
          const route = `import/${name}`;
          if (!ids.has(route)) expect(planned(market, route, seed)).toBeInstanceOf(Fault);
        }
      }),
      { numRuns: 1_000 },
    );
    expect(lines).toBeGreaterThan(40);
  });

  it('tells its owner alone what stands in its way', () => {
    const states = new Set<string>();
    fc.assert(
      fc.property(importing, (market) => {
        for (const found of market.catalogue.imports) {
          const { state, prices } = toImport(found, {
            ...{ catalogue: market.catalogue, feeBpsDefault: 500, nowMs },
          });
          states.add(state);
          const price = priceOf(market, found);
          expect(prices === null).toBe(!price);
          const isDear = price !== undefined && dearer({ ...price }, { ...found.pricesMax });
          const dear = isDear ? 'price_above_max' : 'callable';
          expect(state).toBe(price ? dear : 'not_on_sale');
        }
      }),
      { numRuns: 300 },
    );
    expect([...states].sort()).toEqual(['callable', 'not_on_sale', 'price_above_max']);
  });
});

/** What is said of a candidate that was found by way of an import; gives whether it was. */
function expectFit(market: RandomMarket, one: Upstream, found: RoutePlan): boolean {
  const { throughImport, prices } = one.offer;
  const around = { paceOf: () => undefined };
  const explained = toExplained(one, factsOf('rotation'), around, found);
  expect(explained.import).toBe(
    throughImport && `${throughImport.username}/import/${throughImport.name}`,
  );
  if (!throughImport) return false;
  expect(isMine(market, throughImport) || throughImport.username === globalUsername).toBe(true);
  expect(dearer({ ...prices }, { ...throughImport.pricesMax })).toBe(false);
  return true;
}

describe('a rotation that leads to imports', () => {
  it('asks each place once, none by way of an import above its ceiling, and says by which', () => {
    let through = 0;
    fc.assert(
      fc.property(asked, ({ market, seed }) => {
        for (const { username, name } of market.catalogue.rotations) {
          const found = planned(market, `${username}/rotation/${name}`, seed);
          if (found instanceof Fault) continue;
          const { candidates } = found;
          expect(new Set(candidates.map(placeOf)).size).toBe(candidates.length);
          through += candidates.filter((one) => expectFit(market, one, found)).length;
        }
      }),
      { numRuns: 2_500 },
    );
    expect(through).toBeGreaterThan(30);
  });
});

describe('the name of an import, by itself', () => {
  it('means one own import, unless a model of one’s own is called the same', () => {
    let meant = 0;
    fc.assert(
      fc.property(asked, ({ market, seed }) => {
        for (const { name } of market.catalogue.imports.filter((one) => isMine(market, one))) {
          const bare = told(market, name, seed);
          const hasModel = market.catalogue.providers.some(
            (provider) =>
              provider.ownerId === market.buyer.ownerId &&
              provider.isEnabled &&
              (provider.source.kind === 'openai'
                ? provider.source.models.has(name)
                : market.sessions.some(
                    (one) =>
                      one.providerId === provider.id && one.models.some((has) => has.name === name),
                  )),
          );
          if (hasModel) expect(bare).toMatchObject({ code: 'ROUTE_AMBIGUOUS' });
          else {
            meant += 1;
            expect(bare).toEqual(told(market, `user-import/${name}`, seed));
          }
        }
      }),
      { numRuns: 600 },
    );
    expect(meant).toBeGreaterThan(100);
  });
});

type Amounts = Readonly<Record<string, bigint>>;

/** The dearest that each unit can cost, compared by hand. */
function dearer(prices: Amounts, most: Amounts): boolean {
  const {
    prompt_token: prompt = 0n,
    completion_token: completion = 0n,
    cached_prompt_token: cached = prompt,
    reasoning_token: reasoning = completion,
  } = prices;
  const dearest: Amounts = {
    ...prices,
    prompt_token: prompt > cached ? prompt : cached,
    completion_token: completion > reasoning ? completion : reasoning,
    cached_prompt_token: cached,
    reasoning_token: reasoning,
  };
  return Object.entries(most).some(([unit, max]) => (dearest[unit] ?? 0n) > max);
}

const scopeOf = ({ buyer, catalogue, sessions, cooling }: RandomMarket) => {
  const { sessionsOf } = surroundings(sessions, cooling);
  return { buyer, catalogue, sessionsOf, feeBpsDefault: 500, nowMs };
};
const importLines = (market: RandomMarket) => callableImports(scopeOf(market), () => undefined);
const listed = (market: RandomMarket) => [
  ...callableModels(scopeOf(market), 1_000),
  ...importLines(market),
];

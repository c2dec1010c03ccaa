import type { PresentModel, RequestFacts } from '@aisbf/contracts';
import { Fault } from '@aisbf/faults';
import { costOf, dearestPrices } from '@aisbf/money';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  markets,
  models,
  planSettings,
  type RandomMarket,
  routesOf,
  surroundings,
} from '../../test/random-market.js';
import { holdingAt, nowMs } from '../../test/random-schedule.js';
import { globalUsername, indexCatalogue, type Provider } from './catalogue.js';
import { offerName } from './choice.js';
import { healthKey } from './health.js';
import { outputTokensCeiling } from './hold-amount.js';
import { plan, type RoutePlan } from './plan.js';
import type { Upstream } from './upstream.js';
import { randomFromSeed } from './weighted-order.js';

const facts = (changes: Partial<RequestFacts> = {}): RequestFacts => ({
  endpoint: 'chat.completions',
  route: 'rig/llama',
  isStream: false,
  bodyBytes: 100,
  promptTokens: 1_000,
  outputTokensMax: 500,
  choices: 1,
  ...changes,
});

type Asked = Readonly<{ market: RandomMarket; request: RequestFacts; seed: string }>;

const asked: fc.Arbitrary<Asked> = markets.chain((market) =>
  fc.record({
    market: fc.constant(market),
    request: fc
      .record({
        route: routesOf(market),
        bodyBytes: fc.constantFrom(100, 10_000),
        promptTokens: fc.oneof(
          fc.constantFrom(0, 499, 500, 501),
          fc.integer({ min: 0, max: 1_000_000 }),
        ),
        outputTokensMax: fc.option(fc.integer({ min: 0, max: 100_000 })),
        choices: fc.integer({ min: 1, max: 8 }),
        inputs: fc.constantFrom(undefined, undefined, ['image'], ['image', 'audio']),
        hasTools: fc.constantFrom(undefined, false, true),
      })
      .map(({ inputs, hasTools, ...request }) =>
        facts({
          ...request,
          ...(inputs && { inputs: [...inputs] }),
          ...(hasTools !== undefined && { hasTools }),
        }),
      ),
    seed: fc.string(),
  }),
);

function planned({ market, request, seed }: Asked): RoutePlan | Fault {
  try {
    return plan({
      facts: request,
      buyer: market.buyer,
      catalogue: market.catalogue,
      around: surroundings(market.sessions, market.cooling),
      random: randomFromSeed(seed),
      usualOutputOf: () => undefined,
      settings: planSettings,
    });
  } catch (error) {
    if (error instanceof Fault) return error;
    throw error;
  }
}

const always = (property: (asked: Asked, found: RoutePlan) => void) =>
  fc.assert(
    fc.property(asked, (one) => {
      const found = planned(one);
      if (!(found instanceof Fault)) property(one, found);
    }),
    { numRuns: 600 },
  );

const nameOf = ({ offer, target, modelThere }: Upstream) =>
  healthKey(
    offer.provider.id,
    modelThere,
    target.kind === 'session' ? target.present.session.sessionId : null,
  );

/** Whether a buyer may have this, said in the plainest way. */
function maySee({ catalogue, buyer }: RandomMarket, provider: Provider, model: string): boolean {
  if (provider.ownerId === buyer.ownerId) return true;
  return catalogue.listings.some(
    (listing) =>
      listing.providerId === provider.id &&
      listing.model === model &&
      listing.isActive &&
      holdingAt(listing.prices, nowMs) !== undefined,
  );
}

type Pair = readonly [Provider, string];

/** What a rotation leads to, rotations within it included, each once. */
function pairsWithin(market: RandomMarket, id: string, seen: Set<string>): Pair[] {
  const { catalogue } = market;
  if (seen.has(id)) return [];
  seen.add(id);
  const rotation = catalogue.rotations.find((one) => one.id === id);
  return (rotation?.members ?? []).flatMap(({ target }): Pair[] => {
    if (target.kind === 'rotation') return pairsWithin(market, target.rotationId, seen);
    if (target.kind === 'import') return [];
    const provider = catalogue.providers.find((one) => one.id === target.providerId);
    return provider ? [[provider, target.model]] : [];
  });
}

/** Own ones, else the operator's, else the one that is on the market. */
function nearest(market: RandomMarket, pairs: readonly Pair[]): readonly Pair[] {
  const own = pairs.filter(([{ ownerId }]) => ownerId === market.buyer.ownerId);
  if (own.length > 0) return own;
  const sold = pairs.filter(([provider]) => provider.isEnabled);
  const global = sold.filter(([{ username }]) => username === globalUsername);
  if (global.length > 0) return global;
  return sold.length === 1 ? sold : [];
}

/** Whoever is the only one to have a model of this name. */
function onlyOne(market: RandomMarket, pairs: readonly Pair[]): readonly Pair[] {
  const { buyer, sessions } = market;
  const isMine = ([{ ownerId }]: Pair) => ownerId === buyer.ownerId;
  const has = ([{ id, source, isEnabled }, model]: Pair) =>
    isEnabled &&
    (source.kind === 'openai'
      ? source.models.has(model)
      : sessions.some(
          (one) => one.providerId === id && one.models.some(({ name }) => name === model),
        ));
  const mine = pairs.filter(isMine).filter(has);
  const others = pairs.filter((pair) => !isMine(pair));
  const found = mine.length > 0 ? mine : nearest(market, others);
  return found.length === 1 ? found : [];
}

/** What a rotation means, by its owner and name. */
function membersOf(market: RandomMarket, owner: string, name: string) {
  const { catalogue, buyer } = market;
  const rotation = catalogue.rotations.find((one) => one.username === owner && one.name === name);
  const found = (rotation ? pairsWithin(market, rotation.id, new Set()) : []).filter((pair) =>
    maySee(market, ...pair),
  );
  const isOpen =
    rotation?.ownerId === buyer.ownerId ||
    owner === globalUsername ||
    found.some(([provider]) => provider.ownerId === rotation?.ownerId);
  return { isThere: rotation !== undefined, found: isOpen ? found : [] };
}

/** What a route could mean, by trying everything: pairs of provider and model. */
function meaning(market: RandomMarket, route: string): readonly Pair[] {
  const { catalogue, buyer } = market;
  const visible = catalogue.providers
    .flatMap((provider) => models.map((model) => [provider, model] as const))
    .filter((pair) => maySee(market, ...pair));
  const called = (nameOf: (provider: Provider, model: string) => string) =>
    visible.filter((pair) => nameOf(...pair) === route);
  const [first = '', second = '', ...rest] = route.split('/');
  if (second === '')
    return onlyOne(
      market,
      called((_provider, model) => model),
    );
  const buyerName = buyer.ownerId.replace('owner-of-', '');
  const mine = membersOf(market, buyerName, second);
  switch (first) {
    case 'user-provider':
      return called(({ name }, model) => `user-provider/${name}/${model}`).filter(
        ([{ ownerId }]) => ownerId === buyer.ownerId,
      );
    case 'user-rotation':
      return mine.found;
    case 'rotation':
    case 'rotations':
      return mine.isThere ? mine.found : membersOf(market, globalUsername, second).found;
  }
  if (second === 'rotation') return membersOf(market, first, rest.join('/')).found;
  const qualified = called(({ username, name }, model) => `${username}/provider/${name}/${model}`);
  if (qualified.length > 0) return qualified;
  return nearest(
    market,
    called(({ name }, model) => `${name}/${model}`),
  );
}

/** Whether nothing that is said of a model speaks against it. */
function suits(model: PresentModel, request: RequestFacts): boolean {
  const { inputs, outputs, hasTools, contextTokensMax } = model;
  const asked = request.inputs ?? [];
  return (
    (inputs === undefined || asked.every((input) => inputs.includes(input))) &&
    (outputs === undefined || outputs.includes('text')) &&
    !(hasTools === false && request.hasTools) &&
    (contextTokensMax === null || request.promptTokens <= contextTokensMax)
  );
}

/** Whether others' requests are kept from it, because its own counts are too far off. */
function isPaused({ catalogue, buyer }: RandomMarket, provider: Provider, model: string): boolean {
  return catalogue.usageChecks.some(
    (check) =>
      check.providerId === provider.id &&
      check.model === model &&
      check.state === 'paused' &&
      provider.ownerId !== buyer.ownerId,
  );
}

/** Who could serve one of these, by looking at everybody. */
function servers(market: RandomMarket, request: RequestFacts): Set<string> {
  const found = meaning(market, request.route).flatMap(([provider, model]) => {
    if (!provider.isEnabled || isPaused(market, provider, model)) return [];
    if (provider.source.kind === 'openai') {
      const there = provider.source.models.get(model);
      const isUsable = there !== undefined && provider.source.headers !== null;
      return isUsable ? [healthKey(provider.id, there, null)] : [];
    }
    return market.sessions
      .filter((session) => session.providerId === provider.id)
      .filter((session) => session.state === 'serving')
      .filter((session) => session.models.some((one) => one.name === model && suits(one, request)))
      .filter(({ endpoints }) => endpoints?.includes('/v1/chat/completions') ?? true)
      .filter((session) => request.bodyBytes + 1_024 <= session.frameBytesMax)
      .filter((session) => session.inFlight < 4 || session.queued < 4)
      .map((session) => healthKey(provider.id, model, session.sessionId));
  });
  return new Set(found);
}

describe('plan', () => {
  it('names exactly those who can serve what the buyer may call, each once', () => {
    let plans = 0;
    fc.assert(
      fc.property(asked, (one) => {
        const found = planned(one);
        const expected = servers(one.market, one.request);
        if (found instanceof Fault) {
          expect([...expected]).toEqual([]);
          return;
        }
        plans += 1;
        expect(found.candidates.length).toBe(expected.size);
        expect(new Set(found.candidates.map(nameOf))).toEqual(expected);
      }),
      { numRuns: 2_500 },
    );
    // The random markets are not all empty.
    expect(plans).toBeGreaterThan(200);
  });

  it("tells nothing of another owner's unlisted provider, not even that it was rejected", () => {
    always(({ market }, { candidates, rejections }) => {
      const told = [
        ...candidates.map(({ offer }) => ({
          label: `${offer.provider.username}/${offer.provider.name}`,
          model: offer.model,
        })),
        ...rejections.map(({ providerLabel, model }) => ({ label: providerLabel, model })),
      ];
      for (const { label, model } of told) {
        const provider = market.catalogue.providerByLabel.get(label);
        expect(provider && maySee(market, provider, model)).toBe(true);
      }
    });
  });

  it("says the same of another owner's unlisted provider as of none at all", () => {
    fc.assert(
      fc.property(asked, (one) => {
        const found = planned(one);
        if (!(found instanceof Fault)) return;
        const { catalogue, buyer } = one.market;
        const isVisible = (provider: Provider) =>
          ['llama', 'org/qwen:7b'].some((model) => maySee(one.market, provider, model));
        const without = indexCatalogue({
          revision: 1,
          listings: catalogue.listings,
          providers: catalogue.providers.filter(isVisible),
          rotations: catalogue.rotations,
          usageChecks: catalogue.usageChecks,
          sellerFees: catalogue.sellerFees,
        });
        const again = planned({ ...one, market: { ...one.market, catalogue: without, buyer } });
        expect(again instanceof Fault && again.toData()).toEqual(found.toData());
      }),
      { numRuns: 600 },
    );
  });

  it('holds what every candidate may cost at most, and no more than the dearest', () => {
    always(({ request }, { candidates, holdAmount }) => {
      const costs = candidates.map(({ offer }) =>
        costOf(
          {
            prompt_token: request.promptTokens,
            completion_token: outputTokensCeiling(request, planSettings),
            request: 1,
          },
          dearestPrices(offer.prices),
        ),
      );
      for (const cost of costs) expect(holdAmount >= cost).toBe(true);
      expect(costs).toContain(holdAmount);
    });
  });

  it('charges nothing for own capacity, and the price and fee in force for any other', () => {
    always(({ market }, { candidates }) => {
      for (const { offer } of candidates) {
        const isOwn = offer.provider.ownerId === market.buyer.ownerId;
        const listing = market.catalogue.listings.find(
          (one) => one.providerId === offer.provider.id && one.model === offer.model,
        );
        const seller = market.catalogue.sellerFees.get(offer.provider.ownerId) ?? [];
        const fee =
          holdingAt(listing?.fees ?? [], nowMs) ?? holdingAt(seller, nowMs) ?? feeBpsDefault;
        expect(offer.prices).toEqual(isOwn ? {} : holdingAt(listing?.prices ?? [], nowMs));
        expect(offer.feeBps).toBe(isOwn ? 0 : fee);
      }
    });
  });

  it('asks those that are cooling down last, the soonest recovered first', () => {
    always((_asked, { candidates }) => {
      const cooling = candidates.map(({ coolUntilMs }) => coolUntilMs);
      expect(cooling).toEqual([...cooling].sort((left, right) => left - right));
      for (const untilMs of cooling) expect(untilMs === 0 || untilMs > nowMs).toBe(true);
    });
  });

  it('asks no full worker of a provider before one with room', () => {
    always((_asked, { candidates }) => {
      const well = candidates.filter(({ coolUntilMs }) => coolUntilMs === 0);
      for (const same of Map.groupBy(well, ({ offer }) => offerName(offer)).values()) {
        const crowds = same
          .flatMap(({ target }) => (target.kind === 'session' ? [target.present.session] : []))
          // All that have room are alike in this: chance orders them.
          .map(({ inFlight, queued, inFlightMax }) => Math.max(inFlightMax - 1, inFlight + queued));
        expect(crowds).toEqual([...crowds].sort((left, right) => left - right));
      }
    });
  });

  it('decides the same from the same', () => {
    always((one, found) => expect(planned(one)).toEqual(found));
  });

  it('offers nothing that is dearer than the buyer wants, and holds no more than it wants to spend', () => {
    always(({ market, request, seed }, { candidates }) => {
      const dearest = Math.max(
        ...candidates.map(({ offer }) => Number(offer.prices.prompt_token ?? 0)),
      );
      const limited = {
        ...request,
        pricesMax: { prompt_token: String(dearest - 1) },
        costMax: '1000',
      };
      if (dearest === 0) return;
      const found = planned({ market, request: limited, seed });
      if (found instanceof Fault) return;
      for (const { offer } of found.candidates) {
        expect((offer.prices.prompt_token ?? 0n) < BigInt(dearest)).toBe(true);
      }
      expect(found.holdAmount <= 1_000n).toBe(true);
    });
  });

  it('refuses a prompt that no ledger could hold the price of', () => {
    const market = { catalogue: emptyCatalogue, sessions: [], cooling: new Map(), buyer };
    const found = planned({ market, request: facts({ promptTokens: 10 ** 12 }), seed: '' });
    expect(found).toMatchObject({ code: 'REQUEST_TOO_LARGE' });
  });
});

const { feeBpsDefault } = planSettings;
const buyer = { ownerId: 'owner-of-anna' };
const emptyCatalogue = indexCatalogue({
  revision: 1,
  providers: [],
  listings: [],
  rotations: [],
  usageChecks: [],
  sellerFees: new Map(),
});

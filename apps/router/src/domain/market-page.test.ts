import { ListMarket, MarketPage } from '@aisbf/contracts';
import { Fault } from '@aisbf/faults';
import { nanos } from '@aisbf/money';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  markets,
  planSettings,
  type RandomMarket,
  surroundings,
} from '../../test/random-market.js';
import { nowMs } from '../../test/random-schedule.js';
import { indexCatalogue } from './catalogue.js';
import { marketPage } from './market-page.js';
import type { Pace } from './pace.js';
import { plan } from './plan.js';
import { openPolicy, type ProviderPolicy } from './provider-policy.js';
import { randomFromSeed } from './weighted-order.js';

const audiences: fc.Arbitrary<ProviderPolicy> = fc
  .record({
    audience: fc.constantFrom(
      'market' as const,
      'market' as const,
      'listed' as const,
      'private' as const,
    ),
    isGuest: fc.boolean(),
    isClosed: fc.constantFrom(false, false, true),
  })
  .map(({ audience, isGuest, isClosed }) => ({
    ...openPolicy,
    audience,
    guests: new Map(isGuest ? [['owner-of-carl', 'carl']] : []),
    hours: isClosed ? [{ fromMinute: 0, toMinute: 1 }] : null,
  }));

/** Some owners are choosy, and nothing is busy: load is of the moment. */
const choosy = markets.chain((market) =>
  fc.tuple(...market.catalogue.providers.map(() => audiences)).map((policies): RandomMarket => {
    const providers = market.catalogue.providers.map((provider, at) => ({
      ...provider,
      ...(policies[at] && { policy: policies[at] }),
    }));
    const idle = { inFlight: 0, queued: 0, endpoints: ['/v1/chat/completions'] };
    const sessions = market.sessions.map((session) => ({
      ...session,
      ...idle,
      models: session.models.map(({ outputs: _outputs, ...model }) => model),
    }));
    return { ...market, sessions, catalogue: indexCatalogue({ ...market.catalogue, providers }) };
  }),
);

/** Differs from one to the next, and is not known of some. */
const paceOf = (providerId: string, model: string): Pace | undefined => {
  const speed = (providerId.length * 7 + model.length) % 5;
  const figures = { p50: speed, p75: speed, p90: speed, p99: speed };
  return speed === 0 ? undefined : { firstMs: null, tokensPerS: figures };
};

function page(market: RandomMarket, question: object = {}, pricesMax = {}): MarketPage {
  const { buyer, catalogue, sessions } = market;
  const { sessionsOf } = surroundings(sessions, new Map());
  const scope = { buyer, catalogue, sessionsOf, feeBpsDefault: 500, nowMs };
  return marketPage(scope, paceOf, ListMarket.parse({ limit: '200', ...question }), pricesMax);
}

const all = (market: RandomMarket, question = {}) => page(market, question).listings;

/** Whether a short request for it would be served, and at which price. */
function isCallable({ buyer, catalogue, sessions }: RandomMarket, route: string): boolean {
  try {
    const { candidates } = plan({
      facts: {
        ...{ endpoint: 'chat.completions', route, isStream: false, bodyBytes: 0 },
        ...{ promptTokens: 1, outputTokensMax: 1, choices: 1 },
      },
      ...{ buyer, catalogue, around: surroundings(sessions, new Map()) },
      ...{ random: randomFromSeed(''), usualOutputOf: () => undefined, settings: planSettings },
    });
    return candidates.length > 0;
  } catch (error) {
    if (error instanceof Fault) return false;
    throw error;
  }
}

describe(marketPage, () => {
  it('has exactly the listings that a plan of theirs would serve now, under routes that mean them', () => {
    let shown = 0;
    fc.assert(
      fc.property(choosy, (market) => {
        const { catalogue } = market;
        const onSale = catalogue.listings.filter(({ providerId, model, isActive, prices }) => {
          const provider = catalogue.providerById.get(providerId);
          const hasBegun = prices.some(({ validFromMs }) => validFromMs <= nowMs);
          const route = `${provider?.username}/provider/${provider?.name}/${model}`;
          return isActive && hasBegun && isCallable(market, route);
        });
        const expected = onSale.map(({ providerId, model }) => {
          const provider = catalogue.providerById.get(providerId);
          return `${provider?.username}/${provider?.name}/${model}`;
        });
        const found = all(market);
        shown += found.length;
        expect(found.map(({ listing }) => listing)).toEqual(expected.sort());
        for (const { route } of found) expect(isCallable(market, route)).toBe(true);
        expect(MarketPage.safeParse(page(market)).success).toBe(true);
      }),
      { numRuns: 1_500 },
    );
    expect(shown).toBeGreaterThan(200);
  });

  it('comes whole and in order, however small its pages are', () => {
    const asked = fc.record({
      market: choosy,
      sort: fc.constantFrom('name', 'price', 'speed'),
      limit: fc.integer({ min: 1, max: 4 }),
    });
    fc.assert(
      fc.property(asked, ({ market, sort, limit }) => {
        const whole = all(market, { sort });
        const gathered: MarketPage['listings'] = [];
        let cursor: string | null = null;
        do {
          const next: MarketPage = page(market, { sort, limit, ...(cursor && { cursor }) });
          expect(next.listings.length).toBeLessThanOrEqual(limit);
          gathered.push(...next.listings);
          cursor = next.nextCursor;
        } while (cursor !== null);
        expect(gathered).toEqual(whole);
        const speeds = whole.map(({ tokensPerS = 0 }) => tokensPerS);
        if (sort === 'speed') expect(speeds).toEqual([...speeds].sort((one, two) => two - one));
      }),
      { numRuns: 400 },
    );
  });

  it('keeps what fits each filter and nothing else', () => {
    fc.assert(
      fc.property(choosy, (market) => {
        const whole = all(market);
        const kept = (question: object, fits: (one: (typeof whole)[number]) => boolean) =>
          expect(all(market, question)).toEqual(whole.filter(fits));
        kept({ text: 'QWEN' }, ({ model }) => model.includes('qwen'));
        kept({ seller: 'anna' }, ({ seller }) => seller === 'anna');
        kept({ provider: 'rig' }, ({ provider }) => provider === 'rig');
        kept({ region: 'eu' }, ({ policy }) => policy.data.region === 'eu');
        kept({ zdr: 'true' }, ({ policy }) => policy.data.isRetained === false);
        kept({ noCollection: 'true' }, ({ policy }) => policy.data.isCollected === false);
        kept({ contextLengthMin: '501' }, ({ contextLength = 0 }) => contextLength > 500);
        kept({ inputs: 'text,image' }, ({ inputs = [] }) => inputs.includes('image'));
        kept({ outputs: 'text' }, ({ outputs = [] }) => outputs.includes('text'));
        const cheap = page(market, {}, { image: nanos(500n) }).listings;
        expect(cheap).toEqual(whole.filter(({ prices }) => Number(prices.image ?? 0) <= 500));
      }),
      { numRuns: 300 },
    );
  });

  it('holds no id, address, credential or guest of anybody', () => {
    fc.assert(
      fc.property(choosy, (market) => {
        const text = JSON.stringify(page(market));
        for (const secret of ['upstream', 'Bearer', 'owner-of-', 'guests', 'usernames']) {
          expect(text).not.toContain(secret);
        }
        for (const { providerId } of market.catalogue.listings) {
          expect(text).not.toContain(`"${providerId}"`);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('holds only what the caller’s token may call', () => {
    fc.assert(
      fc.property(choosy, (market) => {
        const rules = { routes: ['anna/*'], models: ['llama'], addresses: [] };
        const limited = { ...market, buyer: { ...market.buyer, rules } };
        for (const { route, model } of all(limited)) {
          expect(route.startsWith('anna/provider/')).toBe(true);
          expect(model).toBe('llama');
        }
      }),
      { numRuns: 200 },
    );
  });
});

describe('a question to the market', () => {
  it.each([
    { limit: '0' },
    { limit: '201' },
    { inputs: 'text,' },
    { max_image: '-1' },
    { max_smile: '1' },
    { sort: 'beauty' },
    { zdr: 'yes' },
    { cursor: 'x' },
    { contextLengthMin: '0.5' },
    { region: 'EU' },
  ])('is not %j', (question) => expect(ListMarket.safeParse(question).success).toBe(false));
});

import type { Prices as PricesText } from '@aisbf/contracts';
import { Fault } from '@aisbf/faults';
import {
  dearestPrices,
  nanos,
  type Prices,
  type UnitKind,
  unitKinds,
  zeroNanos,
} from '@aisbf/money';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  markets,
  planSettings,
  type RandomMarket,
  routesOf,
  surroundings,
} from '../../test/random-market.js';
import { holdingAt, moments } from '../../test/random-schedule.js';
import { indexCatalogue } from './catalogue.js';
import { plan, type RoutePlan } from './plan.js';
import { randomFromSeed } from './weighted-order.js';

type Asked = Readonly<{
  market: RandomMarket;
  route: string;
  pricesMax: PricesText | undefined;
  atMs: number;
}>;

/** Of a kind or two: who limits all of them gets hardly anything at random prices. */
const limit = fc
  .subarray([...unitKinds], { minLength: 1, maxLength: 2 })
  .chain((kinds) =>
    fc.tuple(
      ...kinds.map((kind) =>
        fc.bigInt({ min: 0n, max: 1_200_000_000n }).map((most) => [kind, String(most)] as const),
      ),
    ),
  )
  .map((all): PricesText => Object.fromEntries(all));

/** By one who owns nothing: all there is to get is somebody else's. */
const buyer = { ownerId: 'owner-of-carl' };

const asked: fc.Arbitrary<Asked> = markets.chain((market) =>
  fc.record({
    market: fc.constant({ ...market, buyer }),
    route: routesOf(market),
    pricesMax: fc.option(limit, { nil: undefined, freq: 1 }),
    atMs: moments,
  }),
);

function planned({ market, route, pricesMax, atMs }: Asked): RoutePlan | Fault {
  try {
    return plan({
      facts: {
        ...{ endpoint: 'chat.completions', route, isStream: false, bodyBytes: 100 },
        ...{ promptTokens: 10, outputTokensMax: 10, choices: 1 },
        ...(pricesMax && { pricesMax }),
      },
      buyer: market.buyer,
      catalogue: market.catalogue,
      around: { ...surroundings(market.sessions, market.cooling), nowMs: atMs },
      random: randomFromSeed(route),
      usualOutputOf: () => undefined,
      settings: planSettings,
    });
  } catch (error) {
    if (error instanceof Fault) return error;
    throw error;
  }
}

/** How many of the random requests had a plan. */
function always(property: (asked: Asked, found: RoutePlan) => void): number {
  let plans = 0;
  fc.assert(
    fc.property(asked, (one) => {
      const found = planned(one);
      if (found instanceof Fault) return;
      plans += 1;
      property(one, found);
    }),
    { numRuns: 2_500 },
  );
  return plans;
}

/** The prices of a candidate's listing at a moment, by going through all that was set. */
function listedAt({ market, atMs }: Asked, providerId: string, model: string) {
  const listing = market.catalogue.listings.find(
    (one) => one.providerId === providerId && one.model === model,
  );
  return listing && holdingAt(listing.prices, atMs);
}

/** The kinds of units that cost more than the buyer takes. */
function passed(prices: Prices, pricesMax: PricesText | undefined): readonly UnitKind[] {
  return unitKinds.filter((kind) => {
    const most = pricesMax?.[kind];
    return most !== undefined && (prices[kind] ?? zeroNanos) > BigInt(most);
  });
}

describe('the prices of a plan', () => {
  it('are those in force at its moment, also exactly when they begin', () => {
    const plans = always((one, { candidates }) => {
      for (const { offer } of candidates) {
        expect(offer.prices).toEqual(listedAt(one, offer.provider.id, offer.model));
      }
    });
    // The random markets are not all empty.
    expect(plans).toBeGreaterThan(100);
  });

  it('are never above what the buyer takes, of any kind of unit', () => {
    const plans = always((one, { candidates }) => {
      for (const { offer } of candidates) {
        const inForce = listedAt(one, offer.provider.id, offer.model) ?? {};
        expect(passed(inForce, one.pricesMax)).toEqual([]);
        // Also by what such a unit may turn out to be.
        expect(passed(dearestPrices(inForce), one.pricesMax)).toEqual([]);
      }
    });
    expect(plans).toBeGreaterThan(100);
  });

  const rig = {
    ...{ id: 'rig', ownerId: 'anna-id', username: 'anna', name: 'rig' },
    ...{ isEnabled: true, createdAtMs: 0 },
    data: { isCollected: null, isRetained: null, region: null },
    source: {
      kind: 'openai',
      baseUrl: 'https://upstream.example/v1',
      headers: {},
      models: new Map([['llama', 'llama']]),
    },
  } as const;

  /** On sale for one at first, and for two from a moment on. */
  const rising = (kind: UnitKind) => {
    const set = { setAtMs: 1, setBy: 'anna' };
    const prices = [
      { id: 'one', value: { [kind]: nanos(1n) }, validFromMs: 100, ...set },
      { id: 'two', value: { [kind]: nanos(2n) }, validFromMs: 200, ...set },
    ];
    const listing = { id: 'listing', providerId: 'rig', model: 'llama', prices };
    const catalogue = indexCatalogue({
      ...{ revision: 1, providers: [rig], rotations: [], usageChecks: [], sellerFees: new Map() },
      listings: [{ ...listing, isActive: true, fees: [] }],
    });
    return { catalogue, sessions: [], cooling: new Map(), buyer };
  };

  it.each(unitKinds)('keep to the limit of a %s up to the moment at which it is passed', (kind) => {
    const market = rising(kind);
    const at = (atMs: number) =>
      planned({ market, route: 'rig/llama', pricesMax: { [kind]: '1' }, atMs });
    expect(at(99)).toMatchObject({ code: 'MODEL_NOT_FOUND' });
    expect(at(100)).toMatchObject({ candidates: [{ offer: { prices: { [kind]: 1n } } }] });
    expect(at(199)).toMatchObject({ candidates: [{ offer: { prices: { [kind]: 1n } } }] });
    expect(at(200)).toMatchObject({ code: 'PRICE_ABOVE_MAX' });
    expect(planned({ market, route: 'rig/llama', pricesMax: undefined, atMs: 200 })).toMatchObject({
      candidates: [{ offer: { prices: { [kind]: 2n } } }],
    });
  });
});

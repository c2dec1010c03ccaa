import type { Preferences } from '@aisbf/contracts';
import { nanos } from '@aisbf/money';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { planSettings } from '../../test/random-market.js';
import type { Provider } from './catalogue.js';
import { knownOffer } from './known-offer.js';
import type { Offer } from './offer.js';
import { knownRejection, offerRejection } from './offer-rejection.js';
import type { SessionDemands } from './session-fit.js';

const nobodysRates = { requestsPerMinuteMax: null, tokensPerMinuteMax: null };
const policy = fc.record({
  audience: fc.constant<'market'>('market'),
  guests: fc.constant(new Map<string, string>()),
  hours: fc.constantFrom(null, [], [{ fromMinute: 0, toMinute: 10_080 }]),
  endpoints: fc.constantFrom(null, [], ['chat.completions']),
  ...{ buyerRates: fc.constant(nobodysRates), rates: fc.constant(nobodysRates) },
});
const provider = fc.record(
  {
    ...{ id: fc.constant('p'), ownerId: fc.constant('o'), username: fc.constant('sam') },
    ...{ name: fc.constantFrom('rig', 'rag'), createdAtMs: fc.constant(0) },
    isEnabled: fc.boolean(),
    data: fc.record({
      ...{ isCollected: fc.boolean(), isRetained: fc.boolean() },
      region: fc.constant('eu'),
    }),
    source: fc.constant<Provider['source']>({
      kind: 'coderai',
      ...{ clientIds: null, registrations: [] },
    }),
    policy,
  },
  {
    requiredKeys: [
      ...(['id', 'ownerId', 'username', 'name'] as const),
      ...(['createdAtMs', 'isEnabled', 'data', 'source'] as const),
    ],
  },
);
const offers = fc
  .record({
    ...{ provider, isOwn: fc.boolean(), isPaused: fc.boolean() },
    price: fc.bigInt({ min: 0n, max: 9n }),
    importMax: fc.option(fc.bigInt({ min: 0n, max: 9n })),
  })
  .map(({ price, importMax, ...rest }): Offer => {
    const pricesMax = importMax === null ? {} : { prompt_token: nanos(importMax) };
    const throughImport = { pricesMax } as unknown as NonNullable<Offer['throughImport']>;
    return {
      ...{ ...rest, model: 'm', feeBps: 0, prices: { prompt_token: nanos(price) } },
      ...(importMax !== null && { throughImport }),
    };
  });
const demands = fc
  .record(
    {
      pricesMax: fc.constantFrom({ prompt_token: '4' }),
      preferences: fc.constantFrom<Preferences>({ deniesCollection: true }, { ignore: ['rag'] }),
    },
    { requiredKeys: [] },
  )
  .map(
    (wishes): SessionDemands => ({
      ...{ endpoint: 'chat.completions', bodyBytes: 1, promptTokens: 1 },
      ...{ ...planSettings, ...wishes },
    }),
  );

describe(knownRejection, () => {
  it('says of an offer that is known what is said of one that is not', () => {
    const reasons = new Set<string | undefined>();
    const run = fc.property(offers, demands, fc.boolean(), (offer, asked, isBarred) => {
      const around = {
        nowMs: 0,
        barredOf: () => (isBarred ? ('rate_reached' as const) : undefined),
      };
      const reason = offerRejection(offer, asked, around);
      reasons.add(reason);
      expect(knownRejection(knownOffer(offer), asked, around)).toBe(reason);
    });
    fc.assert(run, { numRuns: 2_000 });
    expect([...reasons].sort()).toEqual(
      [
        ...['closed_now', 'data_collected', 'disabled', 'endpoint_not_allowed', 'ignored'],
        ...['paused_for_usage', 'price_above_import_max', 'price_above_max', 'rate_reached'],
        undefined,
      ].sort(),
    );
  });
});

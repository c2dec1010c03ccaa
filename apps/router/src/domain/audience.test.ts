import type { RequestFacts } from '@aisbf/contracts';
import { Fault } from '@aisbf/faults';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  markets,
  ownerIdOf,
  planSettings,
  type RandomMarket,
  routesOf,
  surroundings,
  usernames,
} from '../../test/random-market.js';
import { nowMs } from '../../test/random-schedule.js';
import { callableModels } from './callable-models.js';
import { type Catalogue, indexCatalogue, type Provider } from './catalogue.js';
import { toRotation } from './catalogue-message.js';
import { isVisibleTo } from './offer.js';
import { plan } from './plan.js';
import { openPolicy, type ProviderPolicy } from './provider-policy.js';
import { healthKeyOf } from './upstream.js';
import { randomFromSeed } from './weighted-order.js';

const policies = fc
  .record({
    audience: fc.constantFrom('market' as const, 'listed' as const, 'private' as const),
    guests: fc.subarray([...usernames, 'carl']),
    isClosed: fc.constantFrom(false, false, true),
    endpoints: fc.constantFrom(null, null, ['chat.completions'], ['embeddings']),
  })
  .map(
    ({ audience, guests, isClosed, endpoints }): ProviderPolicy => ({
      ...openPolicy,
      audience,
      guests: new Map(guests.map((username) => [ownerIdOf(username), username])),
      hours: isClosed ? [{ fromMinute: 0, toMinute: 1 }] : null,
      endpoints,
    }),
  );

/** A market whose owners are choosy. */
const choosy = markets.chain((market) =>
  fc.tuple(...market.catalogue.providers.map(() => policies)).map(
    (all): RandomMarket => ({
      ...market,
      catalogue: withProviders(
        market.catalogue,
        market.catalogue.providers.map((provider, at) => ({
          ...provider,
          ...(all[at] && { policy: all[at] }),
        })),
      ),
    }),
  ),
);
const asked = choosy.chain((market) =>
  fc.record({ market: fc.constant(market), route: routesOf(market), seed: fc.string() }),
);

function withProviders(catalogue: Catalogue, providers: readonly Provider[]): Catalogue {
  const isThere = new Set(providers.map(({ id }) => id));
  return indexCatalogue({
    ...catalogue,
    providers,
    listings: catalogue.listings.filter(({ providerId }) => isThere.has(providerId)),
    usageChecks: catalogue.usageChecks.filter(({ providerId }) => isThere.has(providerId)),
  });
}

/** Said in the plainest way. */
function existsFor(ownerId: string, provider: Provider): boolean {
  if (provider.ownerId === ownerId) return true;
  const { audience, guests } = provider.policy ?? openPolicy;
  if (audience === 'private') return false;
  return audience === 'market' || guests.has(ownerId);
}

/** As if the others had never been made. */
function withoutHidden(market: RandomMarket): RandomMarket {
  const { catalogue, buyer } = market;
  const seen = catalogue.providers.filter((provider) => existsFor(buyer.ownerId, provider));
  return { ...market, catalogue: withProviders(catalogue, seen) };
}

function told(market: RandomMarket, route: string, seed: string): unknown {
  const facts: RequestFacts = {
    endpoint: 'chat.completions',
    route,
    isStream: false,
    bodyBytes: 100,
    promptTokens: 100,
    outputTokensMax: 10,
    choices: 1,
  };
  try {
    const { candidates, ...rest } = plan({
      facts,
      buyer: market.buyer,
      catalogue: market.catalogue,
      around: surroundings(market.sessions, market.cooling),
      random: randomFromSeed(seed),
      usualOutputOf: () => undefined,
      settings: planSettings,
    });
    return { ...rest, candidates: candidates.map(healthKeyOf) };
  } catch (error) {
    if (error instanceof Fault) return error.toData();
    throw error;
  }
}

function listed({ buyer, catalogue, sessions, cooling }: RandomMarket): unknown {
  const { sessionsOf } = surroundings(sessions, cooling);
  return callableModels({ buyer, catalogue, sessionsOf, feeBpsDefault: 500, nowMs }, 1_000);
}

describe('a provider that is not open to a buyer', () => {
  it('leaves plans, refusals and reasons as if it did not exist', () => {
    let differing = 0;
    fc.assert(
      fc.property(asked, ({ market, route, seed }) => {
        const without = withoutHidden(market);
        if (without.catalogue.providers.length < market.catalogue.providers.length) differing += 1;
        expect(told(market, route, seed)).toEqual(told(without, route, seed));
      }),
      { numRuns: 1_500 },
    );
    expect(differing).toBeGreaterThan(300);
  });

  it('leaves the list of models as if it did not exist', () => {
    fc.assert(
      fc.property(choosy, (market) => {
        expect(listed(market)).toEqual(listed(withoutHidden(market)));
      }),
      { numRuns: 500 },
    );
  });

  it('may be no member of its rotations', () => {
    fc.assert(
      fc.property(choosy, ({ catalogue }) => {
        const pairs = catalogue.providers.flatMap((provider) =>
          [...usernames, 'carl'].map((username) => ({ provider, ownerId: ownerIdOf(username) })),
        );
        for (const { provider, ownerId } of pairs) {
          const place = { providerId: provider.id, model: 'llama' };
          const mayExist = existsFor(ownerId, provider);
          expect(mayExist || !isVisibleTo({ buyer: { ownerId }, catalogue, nowMs }, place)).toBe(
            true,
          );
        }
      }),
    );
  });

  it('loses its name in the rotations that have it', () => {
    fc.assert(
      fc.property(choosy, ({ catalogue }) => {
        const members = catalogue.rotations.flatMap((rotation) =>
          toRotation(rotation, catalogue, nowMs).members.flatMap((member) =>
            'providerId' in member ? [{ member, ownerId: rotation.ownerId }] : [],
          ),
        );
        for (const { member, ownerId } of members) {
          const provider = catalogue.providerById.get(member.providerId);
          const mayExist = provider !== undefined && existsFor(ownerId, provider);
          expect(mayExist || member.provider === '').toBe(true);
        }
      }),
    );
  });
});

describe('an owner that is closed, or does not allow this', () => {
  it('is asked by nobody else, whatever else speaks for it', () => {
    fc.assert(
      fc.property(asked, ({ market, route, seed }) => {
        const found = told(market, route, seed);
        const candidates = (found as { candidates?: readonly string[] }).candidates ?? [];
        for (const key of candidates) {
          const provider = market.catalogue.providerById.get(key.split('\n')[0] ?? '');
          if (!provider || provider.ownerId === market.buyer.ownerId) continue;
          const { hours, endpoints } = provider.policy ?? openPolicy;
          expect(hours).toBeNull();
          expect(endpoints === null || endpoints.includes('chat.completions')).toBe(true);
        }
      }),
      { numRuns: 500 },
    );
    // The moment of the random markets lies outside of the minute that is open.
    expect(new Date(nowMs).getUTCDay()).not.toBe(1);
  });
});

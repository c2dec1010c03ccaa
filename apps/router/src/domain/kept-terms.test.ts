import type { RequestFacts } from '@aisbf/contracts';
import { Fault } from '@aisbf/faults';
import { nanos } from '@aisbf/money';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { importing, importRoutes } from '../../test/random-imports.js';
import {
  ownerIdOf,
  planSettings,
  type RandomMarket,
  routesOf,
  surroundings,
  usernames,
} from '../../test/random-market.js';
import { moments, nowMs } from '../../test/random-schedule.js';
import { type Catalogue, indexCatalogue } from './catalogue.js';
import { consider, type RoutePlan } from './plan.js';
import { randomFromSeed } from './weighted-order.js';

type Asking = Readonly<{ username: string; route: string; fallback: string; atMs: number }> &
  Readonly<{ feeBpsDefault: number; isBatch: boolean; seed: string }>;

const askingsOf = (market: RandomMarket): fc.Arbitrary<readonly Asking[]> => {
  const rotations = market.catalogue.rotations.map(
    ({ username, name }) => `${username}/rotation/${name}`,
  );
  const route = fc.oneof(
    routesOf(market),
    fc.constantFrom(...importRoutes),
    fc.constantFrom(...rotations, 'autoselect/cheap', 'autoselect/hosted-fallback'),
  );
  return fc.array(
    fc.record({
      username: fc.constantFrom(...usernames, 'carl'),
      ...{ route, fallback: route, atMs: moments, seed: fc.string() },
      feeBpsDefault: fc.constantFrom(500, 700),
      isBatch: fc.boolean(),
    }),
    { minLength: 2, maxLength: 12 },
  );
};

const asked = importing.chain((market) =>
  fc.record({ market: fc.constant(market), askings: askingsOf(market) }),
);

/** All that comes of a request, with a memory of what was asked of the same catalogue before. */
function comesOf(asking: Asking, market: RandomMarket, catalogue: Catalogue): unknown {
  const facts: RequestFacts = {
    ...{ endpoint: 'chat.completions', route: asking.route, fallbacks: [asking.fallback] },
    isBatch: asking.isBatch,
    ...{ isStream: false, bodyBytes: 100, promptTokens: 100, outputTokensMax: 10, choices: 1 },
  };
  try {
    return consider({
      ...{ facts, catalogue, buyer: { ownerId: ownerIdOf(asking.username) } },
      around: { ...surroundings(market.sessions, market.cooling), nowMs: asking.atMs },
      random: randomFromSeed(asking.seed),
      usualOutputOf: () => undefined,
      settings: { ...planSettings, feeBpsDefault: asking.feeBpsDefault },
    });
  } catch (error) {
    if (error instanceof Fault) return error.toData();
    throw error;
  }
}

/** The same things, of which nothing can have been kept. */
function unknown(catalogue: Catalogue): Catalogue {
  const copies = <Item extends object>(items: readonly Item[]) => items.map((one) => ({ ...one }));
  return indexCatalogue({
    ...catalogue,
    providers: copies(catalogue.providers),
    listings: copies(catalogue.listings),
    imports: copies(catalogue.imports),
    rotations: catalogue.rotations.map((one) => ({ ...one, members: copies(one.members) })),
  });
}

/** One hosted model, dearer from `nowMs` on and for half in batches; by itself, and as all of a rotation. */
function dearerCatalogue(): Catalogue {
  const from = (validFromMs: number, request: bigint) => {
    const value = { request: nanos(request) };
    return { id: `${validFromMs}`, value, validFromMs, setAtMs: 1, setBy: null };
  };
  const owned = { ownerId: ownerIdOf('anna'), username: 'anna', createdAtMs: 1 };
  const place = { providerId: 'rig', model: 'llama' };
  return indexCatalogue({
    revision: 1,
    providers: [
      {
        ...{ ...owned, id: 'rig', name: 'rig', isEnabled: true },
        data: { isCollected: null, isRetained: null, region: null },
        source: {
          ...{ kind: 'openai', baseUrl: 'https://upstream.example/v1', headers: {} },
          models: new Map([['llama', 'llama']]),
        },
      },
    ],
    listings: [
      {
        ...{ ...place, id: 'sale', isActive: true, fees: [], batchPercent: 50 },
        prices: [from(1, 10n), from(nowMs, 30n)],
      },
    ],
    rotations: [
      {
        ...{ ...owned, id: 'all', name: 'all' },
        members: [{ target: { kind: 'model', ...place }, weight: 1, priority: 0 }],
        limits: { attemptsMax: null, firstByteMs: null, totalMs: null, hedgeAfterMs: null },
      },
    ],
    usageChecks: [],
    sellerFees: new Map(),
  });
}

describe('a place that is named by itself and by a rotation', () => {
  const [itself, rotation] = ['anna/provider/rig/llama', 'anna/rotation/all'];
  const pricesAt = (
    catalogue: Catalogue,
    routes: readonly [string, string],
    { atMs, isBatch = false }: Readonly<{ atMs: number; isBatch?: boolean }>,
  ) => {
    const [route, fallback] = routes;
    const asking = { username: 'carl', feeBpsDefault: 500, seed: 'x', route, fallback };
    const market = { catalogue, sessions: [], cooling: new Map(), buyer: { ownerId: 'carl' } };
    const found = comesOf({ ...asking, atMs, isBatch }, market, catalogue);
    return (found as RoutePlan).candidates.map(({ offer }) => offer.prices.request);
  };

  it('is asked once, also when its price has changed meanwhile and the clock has gone back', () => {
    const catalogue = dearerCatalogue();
    const before = { atMs: nowMs - 1 };
    expect(pricesAt(catalogue, [rotation, rotation], before)).toEqual([10n]);
    expect(pricesAt(catalogue, [itself, itself], { atMs: nowMs })).toEqual([30n]);
    expect(pricesAt(catalogue, [itself, rotation], before)).toEqual([10n]);
    expect(pricesAt(catalogue, [rotation, itself], before)).toEqual([10n]);
  });

  it('costs a line of a batch its share and all others the whole, whoever has asked before', () => {
    const catalogue = dearerCatalogue();
    const kinds = [false, true, false, true].map((isBatch) => ({ atMs: nowMs, isBatch }));
    for (const kind of kinds) {
      expect(pricesAt(catalogue, [rotation, itself], kind)).toEqual([kind.isBatch ? 15n : 30n]);
      expect(pricesAt(catalogue, [itself, itself], kind)).toEqual([kind.isBatch ? 15n : 30n]);
    }
  });
});

describe('what is kept of a catalogue', () => {
  it('changes nothing of what comes of a request, whoever has asked before, and when', () => {
    const run = fc.property(asked, ({ market, askings }) => {
      for (const asking of askings) {
        const fresh = comesOf(asking, market, unknown(market.catalogue));
        expect(comesOf(asking, market, market.catalogue)).toEqual(fresh);
      }
    });
    fc.assert(run, { numRuns: 300 });
  });

  it('is of that catalogue alone: the next one may take less of what an import leads to', () => {
    let changed = 0;
    const run = fc.property(asked, ({ market, askings }) => {
      const before = askings.map((asking) => comesOf(asking, market, market.catalogue));
      const imports = market.catalogue.imports.map((one) => {
        return { ...one, pricesMax: { completion_token: nanos(0n) } };
      });
      const next = indexCatalogue({ ...market.catalogue, imports });
      for (const [place, asking] of askings.entries()) {
        const after = comesOf(asking, market, next);
        expect(after).toEqual(comesOf(asking, market, unknown(next)));
        if (JSON.stringify(after, plainly) !== JSON.stringify(before[place], plainly)) changed += 1;
      }
    });
    fc.assert(run, { numRuns: 300 });
    expect(changed).toBeGreaterThan(0);
  });
});

function plainly(_name: string, value: unknown): unknown {
  return typeof value === 'bigint' ? `${value}` : value;
}

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
import { moments } from '../../test/random-schedule.js';
import { type Catalogue, indexCatalogue } from './catalogue.js';
import { consider } from './plan.js';
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

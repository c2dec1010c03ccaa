import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { markets, planSettings, surroundings } from '../../test/random-market.js';
import { callableModels } from './callable-models.js';
import { plan } from './plan.js';
import { randomFromSeed } from './weighted-order.js';

const listed = fc.record({ market: markets, linesMax: fc.constant(1_000) });

describe('callableModels', () => {
  it('lists what can be called, each once, by a name that leads to it at the listed price', () => {
    let lines = 0;
    fc.assert(
      fc.property(listed, ({ market, linesMax }) => {
        const { buyer, catalogue } = market;
        // Load is of the moment: a list of models does not flicker with it.
        const sessions = market.sessions.map((session) => ({ ...session, inFlight: 0, queued: 0 }));
        const around = surroundings(sessions, new Map());
        const scope = { buyer, catalogue, feeBpsDefault: 500 };
        const models = callableModels(scope, around.sessionsOf, linesMax);
        lines += models.length;
        expect(new Set(models.map(({ id }) => id)).size).toBe(models.length);
        for (const { id, prices, ownedBy } of models) {
          const { candidates } = plan({
            facts: {
              endpoint: 'chat.completions',
              route: id,
              isStream: false,
              bodyBytes: 0,
              promptTokens: 1,
              outputTokensMax: 1,
              choices: 1,
            },
            buyer,
            catalogue,
            around,
            random: randomFromSeed(id),
            settings: planSettings,
          });
          if (prices === null) continue;
          for (const { offer } of candidates) {
            expect(offer.provider.username).toBe(ownedBy);
            const asText = Object.fromEntries(
              Object.entries(offer.prices).map(([kind, price]) => [kind, String(price)]),
            );
            expect(prices).toEqual(asText);
          }
        }
      }),
      { numRuns: 800 },
    );
    expect(lines).toBeGreaterThan(200);
  });
});

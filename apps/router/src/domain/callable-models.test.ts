import type { SessionPresence } from '@aisbf/contracts';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { presentSession } from '../../test/admit-request.js';
import { markets, planSettings, surroundings } from '../../test/random-market.js';
import { nowMs } from '../../test/random-schedule.js';
import { callableModels } from './callable-models.js';
import { indexCatalogue } from './catalogue.js';
import { plan } from './plan.js';
import { randomFromSeed } from './weighted-order.js';

/** Without load, and with nothing said that speaks against chat. */
function idleForChat({ models }: SessionPresence): Partial<SessionPresence> {
  const forChat = models.map(({ name, contextTokensMax }) => ({ name, contextTokensMax }));
  return { inFlight: 0, queued: 0, models: forChat, endpoints: ['/v1/chat/completions'] };
}

const listed = fc.record({ market: markets, linesMax: fc.constant(1_000) });

describe('callableModels', () => {
  it('lists what can be called, each once, by a name that leads to it at the listed price', () => {
    let lines = 0;
    fc.assert(
      fc.property(listed, ({ market, linesMax }) => {
        const { buyer, catalogue } = market;
        // Load is of the moment: a list of models does not flicker with it.
        const sessions = market.sessions.map((session) => ({
          ...session,
          ...idleForChat(session),
        }));
        const around = surroundings(sessions, new Map());
        const { sessionsOf } = around;
        const scope = { buyer, catalogue, sessionsOf, feeBpsDefault: 500, nowMs };
        const models = callableModels(scope, linesMax);
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
            usualOutputOf: () => undefined,
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

  it('tells of each what its workers tell, also of what is not for chat', () => {
    const owner = { ownerId: 'owner-of-anna', username: 'anna' };
    const source = { kind: 'coderai', clientIds: null, registrations: [] } as const;
    const data = { isCollected: null, isRetained: null, region: null };
    const named = { id: 'rig', name: 'rig', ...owner };
    const rig = { ...named, isEnabled: true, createdAtMs: 5_000, data, source };
    const catalogue = indexCatalogue({
      revision: 1,
      providers: [rig],
      listings: [],
      rotations: [],
      usageChecks: [],
      sellerFees: new Map(),
    });
    const worker = presentSession(rig, [], {
      endpoints: ['/v1/embeddings'],
      models: [
        { name: 'bge', contextTokensMax: 512, outputs: ['embedding'] },
        { name: 'llama', contextTokensMax: null, inputs: ['text', 'image'], hasTools: true },
      ],
    });
    const { sessionsOf } = surroundings([worker], new Map());
    const scope = { buyer: owner, catalogue, sessionsOf, feeBpsDefault: 500, nowMs };
    const common = { ownedBy: 'anna', createdAtS: 5, prices: {}, endpoints: ['/v1/embeddings'] };
    expect(callableModels(scope, 10)).toEqual([
      { ...common, id: 'rig/bge', contextLength: 512, outputs: ['embedding'] },
      { ...common, id: 'rig/llama', inputs: ['text', 'image'], hasTools: true },
    ]);
  });
});

import type { SessionPresence } from '@aisbf/contracts';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  markets,
  ownerIdOf,
  planSettings,
  type RandomMarket,
  surroundings,
} from '../../test/random-market.js';
import { nowMs } from '../../test/random-schedule.js';
import { callableModels } from './callable-models.js';
import { callableRoutes } from './callable-routes.js';
import { labelOf } from './catalogue.js';
import { isVisibleTo, type Offer } from './offer.js';
import { plan } from './plan.js';
import { parseRoute } from './route-name.js';
import { randomFromSeed } from './weighted-order.js';

const linesMax = 1_000;

/** Without load, and with nothing said that speaks against chat. */
function idleForChat(session: SessionPresence): SessionPresence {
  const models = session.models.map(({ name }) => ({ name, contextTokensMax: null }));
  const endpoints = ['/v1/chat/completions'];
  return { ...session, inFlight: 0, queued: 0, models, endpoints };
}

/** What the token can call, by the lists and by asking. */
function lookInto({ buyer, catalogue, sessions }: RandomMarket) {
  const around = surroundings(sessions.map(idleForChat), new Map());
  const { sessionsOf } = around;
  const scope = { buyer, catalogue, sessionsOf, feeBpsDefault: 500, nowMs };
  const offersBy = (route: string): readonly Offer[] => {
    const asked = { route, isStream: false, bodyBytes: 0, promptTokens: 1 };
    const facts = {
      ...asked,
      outputTokensMax: 1,
      choices: 1,
      endpoint: 'chat.completions',
    } as const;
    const random = randomFromSeed(route);
    const common = { buyer, catalogue, around, random, settings: planSettings };
    const { candidates } = plan({ ...common, facts, usualOutputOf: () => undefined });
    return candidates.map(({ offer }) => offer);
  };
  return { scope, offersBy, routes: callableRoutes(scope, linesMax) };
}

const nameOf = ({ provider, model }: Offer) => `${labelOf(provider)} ${model}`;

describe(callableRoutes, () => {
  it('names the providers of which a single model can be called, and of how many', () => {
    let providersSeen = 0;
    const run = fc.property(markets, (market) => {
      const { scope, offersBy, routes } = lookInto(market);
      const lines = callableModels(scope, linesMax).filter(({ prices }) => prices !== null);
      const offers = lines.flatMap(({ id }) => offersBy(id)[0] ?? []);
      const counts = Map.groupBy(offers, ({ provider }) => labelOf(provider));
      const told = routes.providers.map((one) => [`${one.ownedBy}/${one.name}`, one.models]);
      expect(told).toEqual([...counts].map(([label, all]) => [label, all.length]).sort());
      providersSeen += told.length;
      for (const { ownedBy, isOwn } of routes.providers) {
        expect(isOwn).toBe(ownerIdOf(ownedBy) === market.buyer.ownerId);
      }
    });
    fc.assert(run, { numRuns: 500 });
    expect(providersSeen).toBeGreaterThan(100);
  });

  it('names the rotations that can be called, with all to whom they may lead', () => {
    let membersSeen = 0;
    const run = fc.property(markets, (market) => {
      const { scope, offersBy, routes } = lookInto(market);
      const lines = callableModels(scope, linesMax);
      const ids = lines.map(({ id }) => id).filter((id) => parseRoute(id).kind === 'rotation');
      expect(routes.rotations.map(({ id }) => id)).toEqual(ids);
      for (const { id, members } of routes.rotations) {
        const told = members.map(({ providerLabel, model }) => `${providerLabel} ${model}`).sort();
        expect([...new Set(offersBy(id).map(nameOf))].sort()).toEqual(told);
        membersSeen += told.length;
      }
    });
    fc.assert(run, { numRuns: 500 });
    expect(membersSeen).toBeGreaterThan(50);
  });

  it('tells nothing of what somebody else does not sell', () => {
    const run = fc.property(markets, (market) => {
      const { scope, routes } = lookInto(market);
      const seen = (label: string, isIt: (model: string) => boolean) => {
        const provider = market.catalogue.providerByLabel.get(label);
        const models = ['llama', 'org/qwen:7b'].filter(isIt);
        return models.some((model) =>
          isVisibleTo(scope, { providerId: provider?.id ?? '', model }),
        );
      };
      for (const { ownedBy, name } of routes.providers) {
        expect(seen(`${ownedBy}/${name}`, () => true)).toBe(true);
      }
      for (const { providerLabel, model } of routes.rotations.flatMap(({ members }) => members)) {
        expect(seen(providerLabel, (one) => one === model)).toBe(true);
      }
    });
    fc.assert(run, { numRuns: 300 });
  });
});

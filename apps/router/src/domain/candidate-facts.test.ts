import type { RequestFacts, SessionPresence } from '@aisbf/contracts';
import { describe, expect, it } from '@jest/globals';
import { presentSession } from '../../test/admit-request.js';
import { planSettings, surroundings } from '../../test/random-market.js';
import { judgeBy } from './candidate-facts.js';
import type { Provider } from './catalogue.js';
import type { Offer } from './offer.js';

const provider: Provider = {
  id: 'p',
  ownerId: 'o',
  username: 'sam',
  name: 'rig',
  isEnabled: true,
  createdAtMs: 0,
  data: { isCollected: false, isRetained: false, region: 'eu' },
  source: { kind: 'coderai', clientIds: null, registrations: [] },
};
const offer: Offer = { provider, model: 'm', prices: {}, feeBps: 0, isOwn: false, isPaused: false };

const session = (changes: Partial<SessionPresence>, facts: object = {}) =>
  presentSession(provider, ['m'], {
    sessionId: JSON.stringify([changes, facts]).slice(0, 60),
    clientId: JSON.stringify([changes, facts]).slice(0, 60),
    models: [{ name: 'm', contextTokensMax: 8_000, ...facts }],
    ...changes,
  });

function factsOf(
  sessions: readonly SessionPresence[],
  asked: Partial<RequestFacts> = {},
  of: Offer = offer,
) {
  const demands = {
    endpoint: 'chat.completions' as const,
    bodyBytes: 1,
    promptTokens: 100,
    ...planSettings,
    ...asked,
  };
  const measuring = {
    around: surroundings(sessions, new Map()),
    demands,
    outputTokensOf: () => 100,
  };
  return judgeBy([{ model: 'm*', tier: 70 }], measuring)(of);
}

const measured = (firstMs: number, successRate: number, requests: number) => ({
  measured: { requests, successRate, firstMs, chunksPerSecond: firstMs / 10 },
});

describe(judgeBy, () => {
  it('tells of a provider what holds for each of its workers that could serve', () => {
    const sessions = [
      session({ ...measured(900, 0.5, 10), inFlight: 3 }),
      session(measured(100, 1, 30), { contextTokensMax: 4_000, hasTools: true }),
      // It cannot serve, so that it says nothing.
      session({ ...measured(5_000, 0, 100), state: 'draining' }, { contextTokensMax: 1 }),
    ];
    expect(factsOf(sessions)).toEqual({
      facts: {
        name: 'sam/rig/m',
        source: 'workers',
        isDiscreet: true,
        region: 'eu',
        prices: {},
        expectedCost: '0',
        firstMs: 900,
        tokensPerSecond: 90,
        room: 1,
        successRate: 0.875,
        isCooling: false,
        contextTokens: 4_000,
        isDeclared: true,
        tier: 70,
      },
    });
    expect(factsOf(sessions, { hasTools: true })).toMatchObject({ facts: { isDeclared: false } });
  });

  it('takes what one worker does not say for unknown', () => {
    const silent = session({}, { contextTokensMax: null });
    expect(factsOf([session({}), silent])).toMatchObject({
      facts: { contextTokens: null, isDeclared: false, firstMs: null, successRate: null },
    });
  });

  it('says why an offer cannot serve at all', () => {
    expect(factsOf([])).toEqual({ reasons: ['no_live_session'] });
    expect(factsOf([session({})], { promptTokens: 9_000 })).toEqual({
      reasons: ['context_too_small'],
    });
    expect(factsOf([session({})], {}, { ...offer, isPaused: true })).toEqual({
      reasons: ['paused_for_usage'],
    });
    const closed = { ...provider, isEnabled: false };
    expect(factsOf([session({})], {}, { ...offer, provider: closed })).toEqual({
      reasons: ['disabled'],
    });
  });

  it('trusts only whole promises, and oneself', () => {
    const promising = (data: object) => ({
      ...offer,
      provider: { ...provider, data: { ...provider.data, ...data } },
    });
    const isDiscreet = (of: Offer) => {
      const judged = factsOf([session({})], {}, of);
      return 'facts' in judged && judged.facts.isDiscreet;
    };
    expect(isDiscreet(promising({ isCollected: null }))).toBe(false);
    expect(isDiscreet(promising({ isRetained: true }))).toBe(false);
    expect(isDiscreet({ ...promising({ isRetained: true }), isOwn: true })).toBe(true);
  });
});

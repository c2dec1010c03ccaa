import type { SessionPresence } from '@aisbf/contracts';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { presentSession } from '../../test/admit-request.js';
import { type Cooldown, healthKey } from './health.js';
import { knownOffer } from './known-offer.js';
import type { Offer } from './offer.js';
import type { SessionDemands } from './session-fit.js';
import type { PresentSession } from './session-index.js';
import { upstreamsOf } from './upstreams.js';
import { randomByName } from './weighted-order.js';

const nowMs = 1_000_000;
const provider = { id: 'rig', ownerId: 'anna', username: 'anna', name: 'rig' };
const offerFrom = (source: Offer['provider']['source']): Offer => ({
  provider: {
    ...{ ...provider, isEnabled: true, createdAtMs: 1, source },
    data: { isCollected: null, isRetained: null, region: null },
  },
  ...{ model: 'm', prices: {}, feeBps: 500, isOwn: false, isPaused: false },
});
const offers = [
  offerFrom({ kind: 'coderai', clientIds: null, registrations: [] }),
  offerFrom({
    ...{ kind: 'openai', baseUrl: 'https://upstream.example/v1', headers: {} },
    ...{ models: new Map([['m', 'there']]), endpoints: new Set(['chat.completions']) },
  }),
];

/** Mostly the first: somebody who fits, and a request that suits everybody. */
const mostly = <Value>(usual: Value, ...others: readonly Value[]) =>
  fc.constantFrom(...Array.from({ length: 8 }, () => usual), ...others);

const worker: fc.Arbitrary<Partial<SessionPresence>> = fc
  .record({
    state: mostly<SessionPresence['state']>('serving', 'draining'),
    models: mostly([{ name: 'm', contextTokensMax: 500 }], [{ name: 'n', contextTokensMax: 500 }]),
    endpoints: mostly<string[] | undefined>(undefined, ['/v1/responses'], ['/v1/own/{id}']),
    frameBytesMax: mostly(10_000, 2_000),
    queued: mostly(0, 4, 6),
    inFlight: mostly(0, 4),
  })
  .map(({ endpoints, ...rest }) => ({ ...rest, ...(endpoints && { endpoints }) }));

const demands: fc.Arbitrary<SessionDemands> = fc
  .record({
    endpoint: mostly<SessionDemands['endpoint']>('chat.completions', 'responses', 'studio'),
    studioPath: fc.constant('/v1/own/path'),
    bodyBytes: mostly(100, 5_000),
    promptTokens: mostly(100, 501),
    sessionQueuedMax: mostly(8, 4),
    hasTools: mostly(false, true),
    inputs: mostly<string[]>([], ['image']),
    frameOverheadBytes: fc.constant(1_024),
  })
  .map((all): SessionDemands => all);

/** What comes before the next request: a worker has news, or something is remembered of one or of the hosted API. */
const turn = fc.record({
  demands,
  news: fc.option(fc.tuple(fc.nat({ max: 2 }), worker)),
  failed: fc.constantFrom(null, null, 0, 1),
});

type Turn = typeof turn extends fc.Arbitrary<infer One> ? One : never;

function seen(offer: Offer, sessions: readonly PresentSession[], asked: Asked) {
  const { usable, remembered, reasons } = upstreamsOf(knownOffer(offer), {
    around: {
      sessionsOf: () => sessions,
      cooldownOf: (key) => asked.health.get(key),
      hasCooldowns: () => asked.health.size > 0,
      ...{ paceOf: () => undefined, nowMs },
    },
    ...{ demands: asked.demands, random: randomByName('dice') },
  });
  return { usable: [...usable], remembered, reasons: reasons.toSorted() };
}

type Asked = Readonly<{ demands: SessionDemands; health: ReadonlyMap<string, Cooldown> }>;

const failure: Cooldown = { failures: 1, lastEndAtMs: nowMs, untilMs: nowMs + 10 };

function healthOf({ source }: Offer['provider'], failed: number | null) {
  const [model, sessionId] =
    source.kind === 'openai' ? ['there', null] : ['m', `session-${failed}`];
  const key = healthKey(provider.id, model, sessionId);
  return new Map(failed === null ? [] : [[key, failure]]);
}

/** The same list where nobody has news. */
function withNews(sessions: readonly PresentSession[], news: Turn['news']) {
  if (!news) return sessions;
  const [place, changes] = news;
  return sessions.map((each, at) => (at === place ? present(changes, at) : each));
}

describe(upstreamsOf, () => {
  it('finds the same of an offer that was asked about before, whatever has changed since', () => {
    let found = 0;
    const workers = fc.array(worker, { minLength: 1, maxLength: 2 });
    const turns = fc.array(turn, { minLength: 2, maxLength: 6 });
    const run = fc.property(fc.constantFrom(...offers), workers, turns, (of, begun, all) => {
      const kept = { ...of };
      let sessions: readonly PresentSession[] = begun.map(present);
      for (const { news, failed, demands } of all) {
        sessions = withNews(sessions, news);
        const asked = { demands, health: healthOf(of.provider, failed) };
        const fresh = seen({ ...of }, [...sessions], asked);
        expect(seen(kept, sessions, asked)).toEqual(fresh);
        if (fresh.usable.length > 0) found += 1;
      }
    });
    fc.assert(run, { numRuns: 1_000 });
    expect(found).toBeGreaterThan(500);
  });
});

function present(changes: Partial<SessionPresence>, at: number): PresentSession {
  const session = presentSession(provider, ['m'], { ...changes, sessionId: `session-${at}` });
  return { session, brokerId: 'broker', brokerUrl: 'http://broker:1' };
}

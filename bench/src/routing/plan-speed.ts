import type { RequestFacts } from '@aisbf/contracts';
import { plan, randomFromSeed } from '@aisbf/router';
import { type StillRouter, stillRouter } from './still-router.js';
import { type Times, type Timing, timed } from './timed.js';
import { tellPresence } from './told-presence.js';
import {
  hallSeller,
  hallSessions,
  hostedSellers,
  modelName,
  range,
  sessionOf,
  wideMarket,
  workerSellers,
} from './wide-market.js';

export type PlanFigures = Readonly<{
  title: string;
  /** It has to keep to the limit; the others show what wishes cost. */
  isTarget: boolean;
  /** The pure function alone. */
  plan: Timing;
  /** With all that the service puts around it. */
  service: Timing;
}>;

type Case = Readonly<{
  title: string;
  isTarget?: boolean;
  facts: (index: number) => Partial<RequestFacts> & Pick<RequestFacts, 'route'>;
  /** Of the upstreams asked, each so many-th has failed of late. */
  failedEach?: number;
}>;

const cases: readonly Case[] = [
  {
    title: 'a rotation of 500 hosted APIs',
    isTarget: true,
    facts: () => ({ route: 'rotation/hosted' }),
  },
  {
    title: 'a rotation of 500 providers with a worker each',
    isTarget: true,
    facts: () => ({ route: 'rotation/workers' }),
  },
  {
    title: 'one provider with 500 workers',
    isTarget: true,
    facts: () => ({ route: `rig-${hallSeller}/${modelName(0)}` }),
  },
  {
    title: '500 of both, the cheapest first',
    facts: () => ({ route: 'rotation/mixed', preferences: { sort: 'price' } }),
  },
  {
    title: '500 of both, for a conversation',
    facts: (index) => ({ route: 'rotation/mixed', stickyKey: `talk-${index}` }),
  },
  {
    title: '500 of both, at limited prices',
    facts: () => ({
      route: 'rotation/mixed',
      pricesMax: { prompt_token: '5000000000' },
      costMax: '1000000000',
    }),
  },
  {
    title: '500 of both, a tenth of whom have failed',
    facts: () => ({ route: 'rotation/mixed' }),
    failedEach: 10,
  },
  {
    title: 'one hosted API',
    facts: (index) => ({ route: `rig-${index % hostedSellers}/${modelName(1)}` }),
  },
];

/** How long it takes to decide who serves, among ten thousand listings. */
export async function planSpeed(times: Times): Promise<readonly PlanFigures[]> {
  const figures: PlanFigures[] = [];
  for (const one of cases) figures.push(await measure(one, times));
  return figures;
}

async function measure({ title, isTarget = false, facts, failedEach }: Case, times: Times) {
  const router = await openedRouter();
  if (failedEach !== undefined) tellFailures(router, failedEach);
  const catalogue = router.market.catalogue();
  const { plan: settings } = router.settings;
  const pure = await timed(times, (index) =>
    plan({
      facts: factsOf(index, facts(index)),
      ...{ buyer: router.principal, catalogue, settings },
      around: router.market.around(),
      random: randomFromSeed(requestIdOf(index)),
      usualOutputOf: () => undefined,
    }),
  );
  const { principal: buyer, planning } = router;
  const service = await timed(times, (index) =>
    planning.plan(requestIdOf(index), buyer, factsOf(index, facts(index)), () => undefined),
  );
  return { title, isTarget, plan: pure, service };
}

/** The whole market, with a worker of each seller that has workers and many of one. */
export async function openedRouter(
  changes: Readonly<Record<string, string>> = {},
): Promise<StillRouter> {
  const router = await stillRouter(wideMarket(), changes);
  const sessions = [
    ...range(hostedSellers, workerSellers).map((seller) => sessionOf(seller, 0)),
    ...range(0, hallSessions).map((machine) => sessionOf(hallSeller, machine)),
  ];
  tellPresence(router.presence, sessions);
  return router;
}

/** Chat of some length, never twice the same. */
export function factsOf(
  index: number,
  changes: Partial<RequestFacts> & Pick<RequestFacts, 'route'>,
): RequestFacts {
  return {
    endpoint: 'chat.completions',
    isStream: index % 2 === 0,
    bodyBytes: 4_000 + (index % 1_000),
    promptTokens: 800 + (index % 400),
    outputTokensMax: 512,
    choices: 1,
    ...changes,
  };
}

export function requestIdOf(index: number): string {
  return `req_${index.toString(16).padStart(32, '0')}`;
}

/** They have failed, and have served since: they are remembered, and asked like anybody. */
function tellFailures({ health }: StillRouter, each: number): void {
  const atMs = Date.now() - 60_000;
  for (const seller of range(0, hallSeller).filter((one) => one % each === 0)) {
    const isHosted = seller < hostedSellers;
    const session = sessionOf(seller, 0);
    const ended = {
      type: 'attempt-ended' as const,
      providerId: session.providerId,
      model: isHosted ? 'upstream-0' : modelName(0),
      sessionId: isHosted ? null : session.sessionId,
      ...{ reason: null, retryAfterMs: null, firstByteMs: null },
    };
    health.onAttemptEnded({ ...ended, isSuccess: false, atMs });
    health.onAttemptEnded({ ...ended, isSuccess: true, atMs: atMs + 30_000 });
  }
}

import { memoryUsage } from 'node:process';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { SessionPresence } from '@aisbf/contracts';
import { plan, randomFromSeed } from '@aisbf/router';
import { factsOf, requestIdOf } from './plan-speed.js';
import { type StillRouter, stillRouter } from './still-router.js';
import { type Times, type Timing, timed } from './timed.js';
import { tellNews, tellPresence } from './told-presence.js';
import { hostedSellers, range, sessionOf, wideMarket, workerSellers } from './wide-market.js';

export type SizeFigures = Readonly<{
  workers: number;
  /** On V8's heap, for one worker. */
  kbEach: number;
  /** From a broker's text to the map. */
  news: Timing;
  /** Among eight sellers with a worker each, whoever else is there. */
  plan: Timing;
  /** All that the router does for a request but its input and output. */
  admit: Timing;
}>;

/** Only these are asked; they have as many workers whatever the size of the market. */
const askedSellers = 8;
const askedEach = 4;

/** What a request costs with so many workers on the market, and what they take of the memory. */
export async function marketSize({
  workers,
  times,
}: Readonly<{ workers: number; times: Times }>): Promise<SizeFigures> {
  const router = await stillRouter(wideMarket());
  const kbBefore = heapKb();
  tellPresence(router.presence, workersOf(workers));
  const kbEach = (heapKb() - kbBefore) / workers;
  const news = await timed(times, (index) =>
    tellNews(router.presence, { ...sessionOf(hostedSellers, 0), inFlight: index % 4 }, index + 1),
  );
  const plan = await planTiming(router, times);
  return { workers, kbEach, news, plan, admit: await admitTiming(router, times) };
}

function planTiming(router: StillRouter, times: Times): Promise<Timing> {
  const catalogue = router.market.catalogue();
  const { plan: settings } = router.settings;
  return timed(times, (index) =>
    plan({
      facts: factsOf(index, { route: 'rotation/eight' }),
      ...{ buyer: router.principal, catalogue, settings },
      around: router.market.around(),
      random: randomFromSeed(requestIdOf(index)),
      usualOutputOf: () => undefined,
    }),
  );
}

function admitTiming({ admission, apiToken, forget }: StillRouter, times: Times): Promise<Timing> {
  return timed(times, async (index) => {
    const requestId = requestIdOf(index);
    await admission.admit({
      ...{ type: 'admit', requestId, apiToken, pathUsername: null, clientAddress: null },
      facts: factsOf(index, { route: 'rotation/eight' }),
    });
    forget(requestId);
  });
}

/** Those that may be asked, and as many others as there are to be. */
function workersOf(count: number): readonly SessionPresence[] {
  const asked = range(0, askedSellers).flatMap((seller) =>
    range(0, askedEach).map((machine) => sessionOf(hostedSellers + seller, machine)),
  );
  const others = workerSellers - askedSellers;
  const rest = range(0, count - asked.length).map((index) =>
    sessionOf(hostedSellers + askedSellers + (index % others), Math.floor(index / others)),
  );
  return [...asked, ...rest];
}

/** What is alive, after everything else was collected. */
function heapKb(): number {
  setFlagsFromString('--expose-gc');
  const collect: () => void = runInNewContext('gc');
  collect();
  collect();
  return memoryUsage().heapUsed / 1_024;
}

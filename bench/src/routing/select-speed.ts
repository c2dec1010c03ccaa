import { signalsOf } from '@aisbf/signals';
import { factsOf, openedRouter, requestIdOf } from './plan-speed.js';
import { promptOf } from './prompts.js';
import type { StillRouter } from './still-router.js';
import { type Times, type Timing, timed } from './timed.js';
import { hostedSellers, modelName, providerId, range, sellers } from './wide-market.js';

export type SelectFigures = Readonly<{
  offers: number;
  promptTokens: number;
  /** What the gateway reads in the prompt. */
  signals: Timing;
  /** The decision, the selections and the plan, in the router. */
  planning: Timing;
  /** Both. */
  all: Timing;
}>;

/** As the gateway is set by default. */
const charactersMax = 262_144;
/** Read again and again: as many as do not fit into what a processor keeps at hand. */
const promptsKept = 32;

/** How long an autoselect takes that looks at everything on the market, of prompts of two sizes. */
export async function selectSpeed(times: Times): Promise<readonly SelectFigures[]> {
  const figures: SelectFigures[] = [];
  for (const offers of [100, 250]) {
    for (const promptTokens of [200, 16_000]) {
      figures.push(await measure(offers, promptTokens, times));
    }
  }
  return figures;
}

async function measure(offers: number, promptTokens: number, times: Times) {
  const router = await openedRouter({ ROUTER_AUTOSELECT_OFFERS_MAX: String(offers) });
  tellPaces(router);
  const prompts = range(0, promptsKept).map((index) => promptOf(promptTokens, index));
  const read = (index: number) =>
    signalsOf(prompts[index % promptsKept] ?? {}, promptTokens, { charactersMax });
  const known = range(0, promptsKept).map(read);
  const select = (index: number, signals: ReturnType<typeof read>) => {
    const facts = { ...factsOf(index, { route: 'autoselect/balanced' }), promptTokens, signals };
    router.planning.plan(requestIdOf(index), router.principal, facts, () => undefined);
  };
  const planning = await timed(times, (index) => {
    const signals = known[index % promptsKept];
    if (signals) select(index, signals);
  });
  const signals = await timed(times, read);
  const all = await timed(times, (index) => select(index, read(index)));
  return { offers, promptTokens, signals, planning, all };
}

/** The gateways have measured half of the sellers. */
function tellPaces({ pace }: StillRouter): void {
  for (const seller of range(0, sellers).filter((one) => one % 2 === 0)) {
    const isHosted = seller < hostedSellers;
    for (const sample of range(0, 40)) {
      pace.onAttemptEnded({
        ...{ type: 'attempt-ended', reason: null, retryAfterMs: null, isSuccess: true },
        providerId: providerId(seller),
        model: isHosted ? 'upstream-0' : modelName(0),
        sessionId: null,
        firstByteMs: 150 + ((seller * 7 + sample) % 400),
        outputTokens: 300,
        streamMs: 3_000 + ((seller * 13 + sample * 31) % 4_000),
        atMs: Date.now(),
      });
    }
  }
}

import { factsOf, openedRouter, requestIdOf } from './plan-speed.js';
import { promptSizes, promptsKept, promptsOf, signalsIn } from './prompts.js';
import type { StillRouter } from './still-router.js';
import { type Times, type Timing, timed } from './timed.js';
import { hallSeller, hostedSellers, modelName, providerId, range } from './wide-market.js';

export type SelectFigures = Readonly<{ offers: number; promptTokens: number; timing: Timing }>;

/** What the router makes of it: the decision, the selections among everything on the market, and the plan. */
export async function selectSpeed(times: Times): Promise<readonly SelectFigures[]> {
  const figures: SelectFigures[] = [];
  for (const offers of [100, 250]) {
    const router = await openedRouter({ ROUTER_AUTOSELECT_OFFERS_MAX: String(offers) });
    tellPaces(router);
    for (const promptTokens of promptSizes) {
      const known = promptsOf(promptTokens).map((prompt) => signalsIn(prompt, promptTokens));
      const timing = await timed(times, (index) => {
        const signals = known[index % promptsKept];
        const facts = factsOf(index, { route: 'autoselect/balanced', promptTokens });
        const asked = { ...facts, ...(signals && { signals }) };
        router.planning.plan(requestIdOf(index), router.principal, asked, () => undefined);
      });
      figures.push({ offers, promptTokens, timing });
    }
  }
  return figures;
}

/** The gateways have measured half of the sellers. */
function tellPaces({ pace }: StillRouter): void {
  for (const seller of range(0, hallSeller).filter((one) => one % 2 === 0)) {
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

import { signalsOf } from '@aisbf/signals';
import { factsOf, openedRouter, requestIdOf } from './plan-speed.js';
import { promptOf } from './prompts.js';
import type { StillRouter } from './still-router.js';
import { type Times, type Timing, timed } from './timed.js';
import { hostedSellers, modelName, providerId, range, sellers } from './wide-market.js';

export type SignalFigures = Readonly<{ promptTokens: number; timing: Timing }>;
export type SelectFigures = Readonly<{ offers: number; promptTokens: number; timing: Timing }>;

/** Tokens of a short prompt and of a long one. */
const promptSizes = [200, 16_000] as const;
/** As the gateway is set by default. */
const charactersMax = 262_144;
/** Read again and again: as many as do not fit into what a processor keeps at hand. */
const promptsKept = 32;

/** What the gateway reads in a prompt. */
export async function signalSpeed(times: Times): Promise<readonly SignalFigures[]> {
  const figures: SignalFigures[] = [];
  for (const promptTokens of promptSizes) {
    const prompts = promptsOf(promptTokens);
    const timing = await timed(times, (index) =>
      signalsOf(prompts[index % promptsKept] ?? {}, promptTokens, { charactersMax }),
    );
    figures.push({ promptTokens, timing });
  }
  return figures;
}

/** What the router makes of it: the decision, the selections among everything on the market, and the plan. */
export async function selectSpeed(times: Times): Promise<readonly SelectFigures[]> {
  const figures: SelectFigures[] = [];
  for (const offers of [100, 250]) {
    const router = await openedRouter({ ROUTER_AUTOSELECT_OFFERS_MAX: String(offers) });
    tellPaces(router);
    for (const promptTokens of promptSizes) {
      const known = promptsOf(promptTokens).map((prompt) =>
        signalsOf(prompt, promptTokens, { charactersMax }),
      );
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

function promptsOf(promptTokens: number) {
  return range(0, promptsKept).map((index) => promptOf(promptTokens, index));
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

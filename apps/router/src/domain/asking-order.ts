import type { RequestFacts } from '@aisbf/contracts';
import type { Choice } from './choice.js';
import { distinct, type Line } from './line.js';
import type { Offer } from './offer.js';
import { type OutlierSettings, outliersOf } from './outliers.js';
import { inPreferredOrder } from './preferred-order.js';
import { withOneTrial } from './standing.js';
import { healthKeyOf, type Surroundings, type Upstream } from './upstream.js';
import { upstreamOrder } from './upstream-order.js';
import type { Upstreams } from './upstreams.js';
import type { RandomSource } from './weighted-order.js';

type Asking = Readonly<{
  around: Surroundings;
  random: RandomSource;
  facts: Pick<RequestFacts, 'preferences' | 'promptTokens' | 'units'>;
  outputTokensOf: (model: string) => number;
  settings: Readonly<{ candidatesMax: number; outliers?: OutlierSettings }>;
}>;

/**
 * Those that are well in the order of the choice, as the buyer wishes; then those that are cooling down, the
 * soonest recovered first: nobody is refused while somebody might serve. Whoever is on trial is asked first or last.
 */
export function askingOrder(
  choice: Choice,
  byOffer: ReadonlyMap<Offer, Upstreams>,
  asking: Asking,
): readonly Upstream[] {
  const { around, random, settings, facts, outputTokensOf } = asking;
  const { wellOf, cooling } = apart(byOffer, asking);
  // What is named in several places is asked once, at the first.
  const drawn = distinct(upstreamOrder(choice, wellOf, random));
  const wished = inPreferredOrder(drawn, facts.preferences, ({ offer }) => ({
    promptTokens: facts.promptTokens,
    units: facts.units,
    outputTokens: outputTokensOf(offer.model),
    paceOf: around.paceOf,
  }));
  const { asked, waiting } = withOneTrial(wished, around.nowMs, settings.candidatesMax);
  if (asked.length === settings.candidatesMax) return asked;
  const last = [...cooling, ...waiting].sort((left, right) => left.coolUntilMs - right.coolUntilMs);
  return [...asked, ...last].slice(0, settings.candidatesMax);
}

/** Tells those that are well from those that are not, for themselves or beside the others. */
function apart(byOffer: ReadonlyMap<Offer, Upstreams>, { around, settings }: Asking) {
  const outliers = outliersAmong([...byOffer.values()], around, settings.outliers);
  const well = new Map<Offer, Line<Upstream>>();
  const cooling: Upstream[] = [];
  for (const [offer, { usable, remembered }] of byOffer) {
    if (remembered.length === 0) continue;
    const upstreams = [...usable].map((one) => asOutlier(one, outliers));
    well.set(
      offer,
      upstreams.filter(({ coolUntilMs }) => coolUntilMs === 0),
    );
    cooling.push(...upstreams.filter(({ coolUntilMs }) => coolUntilMs > 0));
  }
  const wellOf = (offer: Offer) => well.get(offer) ?? byOffer.get(offer)?.usable ?? [];
  return { wellOf, cooling };
}

function asOutlier(upstream: Upstream, outliers: ReadonlyMap<Upstream, number>): Upstream {
  const untilMs = outliers.get(upstream);
  return untilMs === undefined ? upstream : { ...upstream, coolUntilMs: untilMs };
}

function outliersAmong(
  pool: readonly Upstreams[],
  { cooldownOf, nowMs }: Surroundings,
  settings: OutlierSettings | undefined,
): ReadonlyMap<Upstream, number> {
  const remembered = pool.flatMap((one) => one.remembered);
  if (!settings || remembered.length === 0) return new Map();
  const size = pool.reduce((sum, { usable }) => sum + usable.length, 0);
  return outliersOf(remembered, (upstream) => cooldownOf(healthKeyOf(upstream)), settings, {
    ...{ nowMs, restCount: size - remembered.length },
  });
}

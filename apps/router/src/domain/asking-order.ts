import type { RequestFacts } from '@aisbf/contracts';
import type { Choice } from './choice.js';
import { distinct, type Line } from './line.js';
import type { Offer } from './offer.js';
import { type OutlierSettings, outliersOf } from './outliers.js';
import { inPreferredOrder } from './preferred-order.js';
import { withOneTrial } from './standing.js';
import { healthKeyOf, placeOf, type Surroundings, type Upstream } from './upstream.js';
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
  const placed = placesOf(byOffer);
  // What is named in several places, or by imports too, is asked once, at the first.
  const drawn = distinct(upstreamOrder(choice, wellOf, random), placed);
  const wished = inPreferredOrder(drawn, facts.preferences, ({ offer }) => ({
    promptTokens: facts.promptTokens,
    units: facts.units,
    outputTokens: outputTokensOf(offer.model),
    paceOf: around.paceOf,
  }));
  const { asked, waiting } = withOneTrial(wished, around.nowMs, settings.candidatesMax);
  if (asked.length === settings.candidatesMax) return asked;
  const last = [...cooling, ...waiting].sort((left, right) => left.coolUntilMs - right.coolUntilMs);
  return [...distinct([...asked, ...last], placed)].slice(0, settings.candidatesMax);
}

/** Only by way of an import is one come upon as somebody else: among all others nobody needs a name. */
function placesOf(byOffer: ReadonlyMap<Offer, Upstreams>): (upstream: Upstream) => unknown {
  for (const { throughImport } of byOffer.keys()) if (throughImport) return placeOf;
  return (upstream) => upstream;
}

/** Tells those that are well from those that are not, for themselves or beside the others. */
function apart(byOffer: ReadonlyMap<Offer, Upstreams>, { around, settings }: Asking) {
  const outliers = outliersAmong(byOffer, around, settings.outliers);
  const well = new Map<Offer, Line<Upstream>>();
  const cooling: Upstream[] = [];
  for (const [offer, { usable, remembered }] of byOffer) {
    if (remembered.length === 0) continue;
    const all = [...usable];
    const upstreams = outliers.size === 0 ? all : all.map((one) => asOutlier(one, outliers));
    well.set(
      offer,
      upstreams.filter(({ coolUntilMs }) => coolUntilMs === 0),
    );
    cooling.push(...upstreams.filter(({ coolUntilMs }) => coolUntilMs > 0));
  }
  const wellOf = (offer: Offer) => well.get(offer) ?? byOffer.get(offer)?.usable ?? [];
  return { wellOf, cooling };
}

/** Until when, by the place. */
type Outliers = ReadonlyMap<string, number>;

function asOutlier(upstream: Upstream, outliers: Outliers): Upstream {
  const untilMs = outliers.get(placeOf(upstream));
  return untilMs === undefined ? upstream : { ...upstream, coolUntilMs: untilMs };
}

function outliersAmong(
  byOffer: ReadonlyMap<Offer, Upstreams>,
  { cooldownOf, nowMs }: Surroundings,
  settings: OutlierSettings | undefined,
): Outliers {
  if (!settings) return new Map();
  const pool = poolOf(byOffer);
  const remembered = pool.flatMap((one) => one.remembered);
  if (remembered.length === 0) return new Map();
  const size = pool.reduce((sum, { usable }) => sum + usable.length, 0);
  const cooldownOfIt = (upstream: Upstream) => cooldownOf(healthKeyOf(upstream));
  const restCount = size - remembered.length;
  const found = outliersOf(remembered, cooldownOfIt, settings, { nowMs, restCount });
  return new Map([...found].map(([upstream, untilMs]) => [placeOf(upstream), untilMs]));
}

/** Each machine counts once: whatever leads to a provider's model, the same ones serve it. */
function poolOf(byOffer: ReadonlyMap<Offer, Upstreams>): readonly Upstreams[] {
  const serving = [...byOffer].filter(([, { usable }]) => usable.length > 0);
  if (!serving.some(([{ throughImport }]) => throughImport)) return serving.map(([, one]) => one);
  const nameOf = ([{ provider, model }]: (typeof serving)[number]) => `${provider.id} ${model}`;
  return [...distinct(serving, nameOf)].map(([, one]) => one);
}

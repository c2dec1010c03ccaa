import type { RequestFacts } from '@aisbf/contracts';
import { distinct, oneAfterOther } from './line.js';
import { type OutlierSettings, outliersOf } from './outliers.js';
import { inPreferredOrder } from './preferred-order.js';
import { withOneTrial } from './standing.js';
import { placeOf, type Surroundings, type Upstream } from './upstream.js';
import { upstreamOrder } from './upstream-order.js';
import type { RandomSource } from './weighted-order.js';
import type { Willingness } from './willingness.js';

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
export function askingOrder(willingness: Willingness, asking: Asking): readonly Upstream[] {
  const { around, random, settings, facts, outputTokensOf } = asking;
  const { laid } = willingness;
  const { well, cooling } = apart(willingness, asking);
  // What is named in several places, or by imports too, is asked once, at the first.
  const keyOf = laid.hasImports ? placeOf : itself;
  const order = upstreamOrder(laid.part, well, random);
  const drawn = laid.hasImports || !laid.isOnceEach ? distinct(order, keyOf) : order;
  const wished = inPreferredOrder(drawn, facts.preferences, ({ offer }) => ({
    promptTokens: facts.promptTokens,
    units: facts.units,
    outputTokens: outputTokensOf(offer.model),
    paceOf: around.paceOf,
  }));
  const { asked, waiting } = withOneTrial(wished, around.nowMs, settings.candidatesMax);
  if (asked.length === settings.candidatesMax) return asked;
  const last = [...cooling, ...waiting].sort((left, right) => left.coolUntilMs - right.coolUntilMs);
  return [...distinct([...asked, ...last], keyOf)].slice(0, settings.candidatesMax);
}

function itself(upstream: Upstream): Upstream {
  return upstream;
}

/** Tells those that are well from those that are not, for themselves or beside the others. */
function apart(willingness: Willingness, { around, settings }: Asking) {
  const { found, remembered } = willingness;
  const outliers = outliersAmong(willingness, around, settings.outliers);
  const well = found.map(({ usable }) => usable);
  const cooling: Upstream[] = [];
  for (const place of remembered) {
    const upstreams = Array.from(well[place] ?? [], (one) => asOutlier(one, outliers));
    well[place] = upstreams.filter(({ coolUntilMs }) => coolUntilMs === 0);
    cooling.push(...upstreams.filter(({ coolUntilMs }) => coolUntilMs > 0));
  }
  return { well, cooling };
}

/** Until when, by the place. */
type Outliers = ReadonlyMap<string, number>;

function asOutlier(upstream: Upstream, outliers: Outliers): Upstream {
  const untilMs = outliers.size > 0 ? outliers.get(placeOf(upstream)) : undefined;
  return untilMs === undefined ? upstream : { ...upstream, coolUntilMs: untilMs };
}

function outliersAmong(
  willingness: Willingness,
  { nowMs }: Surroundings,
  settings: OutlierSettings | undefined,
): Outliers {
  if (!settings || willingness.remembered.length === 0) return new Map();
  const { known, restCount } = poolOf(willingness);
  const found = outliersOf(known, ({ cooldown }) => cooldown, settings, { nowMs, restCount });
  return new Map([...found].map(([upstream, untilMs]) => [placeOf(upstream), untilMs]));
}

/** All that can serve, each place once: those of whom something is remembered, and how many others there are. */
function poolOf({ laid, found, remembered }: Willingness) {
  const known = remembered.flatMap((place) => found[place]?.remembered ?? []);
  if (laid.hasImports) {
    const places = distinct(oneAfterOther(...found.map(({ usable }) => usable)), placeOf);
    const distinctKnown = [...distinct(known, placeOf)];
    return { known: distinctKnown, restCount: [...places].length - distinctKnown.length };
  }
  const size = found.reduce((sum, { usable }) => sum + usable.length, 0);
  return { known, restCount: size - known.length };
}

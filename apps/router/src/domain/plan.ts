import type { RequestFacts, SelectionRecord } from '@aisbf/contracts';
import type { Fault } from '@aisbf/faults';
import { type Nanos, nanos, parseNanos } from '@aisbf/money';
import type { Selecting } from './autoselect-choice.js';
import type { Catalogue, RotationLimits } from './catalogue.js';
import { type Choice, offerName, offersOf } from './choice.js';
import { faults } from './faults.js';
import { type HoldSettings, holdAmountFor, outputTokensCeiling } from './hold-amount.js';
import type { Buyer } from './offer.js';
import { type OutlierSettings, outliersOf } from './outliers.js';
import { inPreferredOrder } from './preferred-order.js';
import { refusal } from './refusal.js';
import { resolveRoutes } from './resolve.js';
import { splitSuffix } from './route-name.js';
import type { SessionDemands } from './session-fit.js';
import { withOneTrial } from './standing.js';
import {
  healthKeyOf,
  placeOf,
  type Surroundings,
  type Upstream,
  type UpstreamRejection,
  upstreamsOf,
} from './upstream.js';
import { upstreamOrder } from './upstream-order.js';
import { type RandomSource, randomByName } from './weighted-order.js';

export type PlanSettings = HoldSettings &
  Readonly<{
    feeBpsDefault: number;
    /** How many candidates a plan names: each one's terms are stored with the hold. */
    candidatesMax: number;
    /** How many rejections a plan tells of. */
    rejectionsMax: number;
    /** More than this in one prompt is refused: prices times counts must fit the ledger. */
    promptTokensMax: number;
    frameOverheadBytes: number;
    sessionQueuedMax: number;
    /** Absent: whoever fails between successes is asked like anybody. */
    outliers?: OutlierSettings;
    /** How many offers one selection looks at. */
    selectedOffersMax: number;
  }>;

/** All that a decision depends on; the same input gives the same plan. */
export type PlanInput = Readonly<{
  facts: RequestFacts;
  buyer: Buyer;
  catalogue: Catalogue;
  around: Surroundings;
  random: RandomSource;
  /** How many tokens the buyer's answers of a model usually have, where that is known. */
  usualOutputOf: (model: string) => number | undefined;
  settings: PlanSettings;
}>;

export type RoutePlan = Readonly<{
  /** In the order in which they are to be asked. */
  candidates: readonly Upstream[];
  rejections: readonly UpstreamRejection[];
  /** What the dearest candidate is expected to cost at most: whoever serves, the hold covers it. */
  holdAmount: Nanos;
  /** What the rotation says of tries and times, where a rotation was asked. */
  limits: RotationLimits | undefined;
  /** By the offer's name: which of the request's routes leads to it, the first of several. */
  routePlaces: ReadonlyMap<string, number>;
  /** What autoselects among the routes have decided, and by what. */
  selections: readonly SelectionRecord[];
  /** False: whoever is asked first is the only one. */
  isOneOnly: boolean;
  /** Whom this request would try out, by the name of its health. */
  trial?: string;
}>;

/** Decides who may serve a request, in what order, and how much money it may take at most. */
export function plan(input: PlanInput): RoutePlan {
  const { refused, ...found } = consider(input);
  if (refused) throw refused;
  return found;
}

/**
 * The same, with the reason in hand where nobody can serve. Throws where the routes mean nothing, so that there is nothing
 * to tell.
 */
export function consider(input: PlanInput): RoutePlan & Readonly<{ refused: Fault | undefined }> {
  const { settings } = input;
  const facts = withoutSuffixes(input.facts);
  if (facts.promptTokens > settings.promptTokensMax) throw faults.REQUEST_TOO_LARGE();
  const demands: SessionDemands = { ...facts, ...settings };
  const resolved = resolveRoutes([facts.route, ...(facts.fallbacks ?? [])], {
    buyer: input.buyer,
    catalogue: input.catalogue,
    sessionsOf: input.around.sessionsOf,
    feeBpsDefault: settings.feeBpsDefault,
    nowMs: input.around.nowMs,
    isBatch: facts.isBatch,
    selecting: selectingFor(facts, demands, input),
  });
  const { choice, rotation, routePlaces, selections } = resolved;
  const { preferences } = facts;
  const known = {
    limits: rotation?.limits,
    routePlaces,
    selections,
    isOneOnly: preferences?.allowsFallbacks === false && preferences.order === undefined,
  };
  if (!choice) {
    const rejections = told(resolved.rejections, settings);
    if (selections.length === 0 && rejections.length === 0) throw resolved.refusal;
    return {
      ...known,
      candidates: [],
      rejections,
      holdAmount: nanos(0n),
      refused: resolved.refusal,
    };
  }
  const random = randomFor(facts, input);
  const offers = offersOf(choice);
  const found = offers.map((offer) => ({
    name: offerName(offer),
    ...upstreamsOf(offer, input.around, demands, random),
  }));
  const rejections = found.flatMap((one) => one.rejections);
  const usable = new Map(found.map(({ name, usable: upstreams }) => [name, upstreams]));
  const candidates = ordered(choice, usable, { ...input, facts, random });
  const [first] = candidates;
  return {
    ...known,
    candidates,
    ...(first?.isOnTrial && { trial: healthKeyOf(first) }),
    rejections: told([...rejections, ...resolved.rejections], settings),
    holdAmount: candidates.length === 0 ? nanos(0n) : holdFor(candidates, input),
    refused: candidates.length === 0 ? refusal(offers, rejections, facts.endpoint) : undefined,
  };
}

/** Each once, and no more than so many. */
function told(
  rejections: readonly UpstreamRejection[],
  { rejectionsMax }: PlanSettings,
): readonly UpstreamRejection[] {
  const byName = new Map(
    rejections.map((one) => [
      `${one.providerLabel} ${one.model} ${one.import ?? ''} ${one.reason}`,
      one,
    ]),
  );
  return [...byName.values()].slice(0, rejectionsMax);
}

/** A suffix is a wish in another form; one that is said in full comes first. */
function withoutSuffixes(facts: RequestFacts): RequestFacts {
  const { route, sort } = splitSuffix(facts.route);
  const fallbacks = facts.fallbacks?.map((one) => splitSuffix(one).route);
  return {
    ...facts,
    route,
    ...(fallbacks && { fallbacks }),
    ...(sort && { preferences: { sort, ...facts.preferences } }),
  };
}

/** The requests of one conversation are drawn alike; nobody else's key means the same. */
function randomFor({ stickyKey }: RequestFacts, { buyer, random }: PlanInput): RandomSource {
  return stickyKey === undefined ? random : randomByName(`${buyer.ownerId}\n${stickyKey}`);
}

function selectingFor(
  facts: RequestFacts,
  demands: SessionDemands,
  { around, settings, usualOutputOf }: PlanInput,
): Selecting {
  return {
    reading: { signals: facts.signals ?? null, promptTokens: facts.promptTokens },
    measuring: {
      around,
      demands,
      outputTokensOf: (model) => outputTokensCeiling(facts, settings, usualOutputOf(model)),
    },
    offersMax: settings.selectedOffersMax,
  };
}

/** Enough for whoever serves, but no more than the buyer wants to spend at all. */
function holdFor(candidates: readonly Upstream[], input: PlanInput): Nanos {
  const { facts, settings, usualOutputOf } = input;
  const outputs = candidates.map(({ offer }) =>
    outputTokensCeiling(facts, settings, usualOutputOf(offer.model)),
  );
  const prices = candidates.map(({ offer }) => offer.prices);
  const amount = holdAmountFor(prices, facts, Math.max(...outputs));
  const costMax = facts.costMax === undefined ? amount : parseNanos(facts.costMax);
  return amount < costMax ? amount : costMax;
}

/**
 * Those that are well in the order of the choice, as the buyer wishes; then those that are cooling down, the
 * soonest recovered first: nobody is refused while somebody might serve. Whoever is on trial is asked first or last.
 */
function ordered(
  choice: Choice,
  usable: ReadonlyMap<string, readonly Upstream[]>,
  { facts, around, random, settings, usualOutputOf }: PlanInput,
): readonly Upstream[] {
  const well = new Map<string, readonly Upstream[]>();
  const cooling: Upstream[] = [];
  const outliers = outliersAmong([...usable.values()].flat(), around, settings.outliers);
  for (const [name, all] of usable) {
    const upstreams = outliers.size === 0 ? all : all.map((one) => asOutlier(one, outliers));
    well.set(
      name,
      upstreams.filter(({ coolUntilMs }) => coolUntilMs === 0),
    );
    cooling.push(...upstreams.filter(({ coolUntilMs }) => coolUntilMs > 0));
  }
  // What is named in several places, or by imports too, is asked once, at the first.
  const drawn = distinct(upstreamOrder(choice, well, random));
  const [first] = drawn;
  const wished = inPreferredOrder(drawn, facts.preferences, {
    promptTokens: facts.promptTokens,
    units: facts.units,
    outputTokens: first
      ? outputTokensCeiling(facts, settings, usualOutputOf(first.offer.model))
      : 0,
    paceOf: around.paceOf,
  });
  const { asked, waiting } = withOneTrial(wished, around.nowMs);
  cooling.push(...waiting);
  cooling.sort((left, right) => left.coolUntilMs - right.coolUntilMs);
  return distinct([...asked, ...cooling]).slice(0, settings.candidatesMax);
}

/** Each place once, as it comes first. */
function distinct(upstreams: readonly Upstream[]): readonly Upstream[] {
  const places = new Map<string, Upstream>();
  for (const upstream of upstreams) {
    const place = placeOf(upstream);
    if (!places.has(place)) places.set(place, upstream);
  }
  return [...places.values()];
}

/** Until when, by the place. */
type Outliers = ReadonlyMap<string, number>;

function asOutlier(upstream: Upstream, outliers: Outliers): Upstream {
  return { ...upstream, coolUntilMs: outliers.get(placeOf(upstream)) ?? upstream.coolUntilMs };
}

function outliersAmong(
  pool: readonly Upstream[],
  { cooldownOf, nowMs }: Surroundings,
  settings: OutlierSettings | undefined,
): Outliers {
  if (!settings) return new Map();
  const found = outliersOf(
    distinct(pool),
    (upstream) => cooldownOf(healthKeyOf(upstream)),
    settings,
    nowMs,
  );
  return new Map([...found].map(([upstream, untilMs]) => [placeOf(upstream), untilMs]));
}

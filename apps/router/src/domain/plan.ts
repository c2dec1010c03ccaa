import type { RequestFacts, SelectionRecord } from '@aisbf/contracts';
import type { Fault } from '@aisbf/faults';
import { type Nanos, nanos, parseNanos } from '@aisbf/money';
import { askingOrder } from './asking-order.js';
import type { Selecting } from './autoselect-choice.js';
import type { Catalogue, RotationLimits } from './catalogue.js';
import { placesOf } from './choice.js';
import { faults } from './faults.js';
import { type HoldSettings, holdAmountFor, outputTokensCeiling } from './hold-amount.js';
import { oneAfterOther } from './line.js';
import type { Buyer } from './offer.js';
import { once } from './once.js';
import type { OutlierSettings } from './outliers.js';
import { refusal } from './refusal.js';
import { resolveRoutes } from './resolve.js';
import { splitSuffix } from './route-name.js';
import type { SessionDemands } from './session-fit.js';
import {
  healthKeyOf,
  type Surroundings,
  type Upstream,
  type UpstreamRejection,
} from './upstream.js';
import { type RandomSource, randomByName } from './weighted-order.js';
import { rejectionsIn, willingnessOf } from './willingness.js';

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
  /** By the name of a candidate's offer: which of the request's routes leads to it, the first of several. */
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
  const { choice, rotation, meanings, selections } = resolved;
  const { preferences } = facts;
  const known = {
    limits: rotation?.limits,
    selections,
    isOneOnly: preferences?.allowsFallbacks === false && preferences.order === undefined,
  };
  if (!choice) {
    const rejections = told(resolved.rejections, settings);
    if (selections.length === 0 && rejections.length === 0) throw resolved.refusal;
    return {
      ...known,
      candidates: [],
      routePlaces: new Map(),
      rejections,
      holdAmount: nanos(0n),
      refused: resolved.refusal,
    };
  }
  const random = randomFor(facts, input);
  const willingness = willingnessOf(choice, { around: input.around, demands, random });
  const candidates = askingOrder(willingness, {
    ...{ around: input.around, random, settings, facts },
    outputTokensOf: (model) => outputTokensCeiling(facts, settings, input.usualOutputOf(model)),
  });
  const [first] = candidates;
  return {
    ...known,
    candidates,
    routePlaces: placesOf(
      candidates.map(({ offer }) => offer),
      meanings,
    ),
    ...(first?.isOnTrial && { trial: healthKeyOf(first) }),
    rejections: told(oneAfterOther(rejectionsIn(willingness), resolved.rejections), settings),
    holdAmount: candidates.length === 0 ? nanos(0n) : holdFor(candidates, input),
    refused:
      candidates.length === 0
        ? refusal(
            willingness.laid.offers.map(({ offer }) => offer),
            [...rejectionsIn(willingness)],
            facts.endpoint,
          )
        : undefined,
  };
}

/** Each once, and no more than so many. */
function told(
  rejections: Iterable<UpstreamRejection>,
  { rejectionsMax }: PlanSettings,
): readonly UpstreamRejection[] {
  const byName = new Map<string, UpstreamRejection>();
  for (const one of rejections) {
    if (byName.size === rejectionsMax) break;
    byName.set(`${one.providerLabel} ${one.model} ${one.import ?? ''} ${one.reason}`, one);
  }
  return [...byName.values()];
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
      outputTokensOf: once((model) => outputTokensCeiling(facts, settings, usualOutputOf(model))),
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

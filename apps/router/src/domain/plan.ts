import type { RequestFacts } from '@aisbf/contracts';
import { type Nanos, parseNanos } from '@aisbf/money';
import type { Catalogue } from './catalogue.js';
import { faults } from './faults.js';
import { type HoldSettings, holdAmountFor, outputTokensCeiling } from './hold-amount.js';
import type { Buyer } from './offer.js';
import { refusal } from './refusal.js';
import { resolveRoute } from './resolve.js';
import type { SessionDemands } from './session-fit.js';
import {
  type Surroundings,
  type Upstream,
  type UpstreamRejection,
  upstreamsOf,
} from './upstream.js';
import { type RandomSource, weightedOrder } from './weighted-order.js';

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
}>;

type Option = Readonly<{ weight: number; usable: readonly Upstream[] }>;

/** Decides who may serve a request, in what order, and how much money it may take at most. */
export function plan(input: PlanInput): RoutePlan {
  const { facts, settings } = input;
  if (facts.promptTokens > settings.promptTokensMax) throw faults.REQUEST_TOO_LARGE();
  const members = resolveRoute(facts.route, {
    buyer: input.buyer,
    catalogue: input.catalogue,
    feeBpsDefault: settings.feeBpsDefault,
    nowMs: input.around.nowMs,
  });
  const demands: SessionDemands = { ...facts, ...settings };
  const found = members.map((member) => ({
    member,
    ...upstreamsOf(member.offer, input.around, demands, input.random),
  }));
  const rejections = found.flatMap((one) => one.rejections).slice(0, settings.rejectionsMax);
  const options = found.map(({ member, usable }) => ({ weight: member.weight, usable }));
  const candidates = ordered(options, input.random, settings.candidatesMax);
  if (candidates.length === 0) throw refusal(members, rejections);
  return { candidates, rejections, holdAmount: holdFor(candidates, input) };
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
 * By weight among those that are well, then one more of each in turn (another owner's machine fails less
 * likely for the same reason than another one of the same), and last those that are cooling down, the
 * soonest recovered first: nobody is refused while somebody might serve.
 */
function ordered(
  options: readonly Option[],
  random: RandomSource,
  candidatesMax: number,
): readonly Upstream[] {
  const well = options
    .map(({ weight, usable }) => ({
      weight,
      usable: usable.filter(({ coolUntilMs }) => coolUntilMs === 0),
    }))
    .filter(({ usable }) => usable.length > 0);
  const cooling = options
    .flatMap(({ usable }) => usable.filter(({ coolUntilMs }) => coolUntilMs > 0))
    .sort((left, right) => left.coolUntilMs - right.coolUntilMs);
  const first = inTurn(weightedOrder(well, random), candidatesMax);
  return [...first, ...cooling].slice(0, candidatesMax);
}

/** The first of each, then the second of each, and so on until there are enough. */
function inTurn(options: readonly Option[], enough: number): readonly Upstream[] {
  const order: Upstream[] = [];
  let turn = options;
  for (let round = 0; turn.length > 0 && order.length < enough; round += 1) {
    order.push(...turn.flatMap(({ usable }) => usable[round] ?? []));
    turn = turn.filter(({ usable }) => usable.length > round + 1);
  }
  return order;
}

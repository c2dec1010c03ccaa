import type { AutoselectDefinition, CandidateFacts, Source } from '@aisbf/contracts';
import { costOfCounts, dearestPrices } from '@aisbf/money';
import { labelOf } from './catalogue.js';
import { heldCounts } from './hold-amount.js';
import { type KnownOffer, knownOffer, type ToldOffer } from './known-offer.js';
import { type MachineFacts, machineFacts } from './machine-facts.js';
import type { Offer } from './offer.js';
import { knownRejection } from './offer-rejection.js';
import { once } from './once.js';
import { toPricesText } from './prices-text.js';
import { importRouteOf } from './route-name.js';
import type { SessionDemands } from './session-fit.js';
import type { RejectionReason, Surroundings } from './upstream.js';

/** What candidates of one request are measured by. */
export type Measuring = Readonly<{
  around: Surroundings;
  demands: SessionDemands;
  outputTokensOf: (model: string) => number;
}>;

/** An offer that can serve, with all that decides for or against it; or why it cannot. */
export type Judged =
  | Readonly<{ facts: CandidateFacts }>
  | Readonly<{ reasons: readonly RejectionReason[] }>;

/** As people know it, and unlike every other. */
export function candidateName(offer: Offer): string {
  return toldOf(knownOffer(offer)).name;
}

/** What an offer's owner may be trusted with: one's own, or who promises to keep nothing and to learn nothing. */
export function isDiscreet({ isOwn, provider: { data } }: Offer): boolean {
  return isOwn || (data.isCollected === false && data.isRetained === false);
}

/** Judges the offers of one request. What is the same for all of a model is found out once. */
export function judgeBy(
  qualities: AutoselectDefinition['qualities'],
  measuring: Measuring,
): (offer: Offer) => Judged {
  const { around, demands, outputTokensOf } = measuring;
  const countsOf = once((model: string) => heldCounts(demands, outputTokensOf(model)));
  const tierOf = once((model: string) => tierAmong(qualities, model));
  return (offer) => {
    const known = knownOffer(offer);
    const rejection = knownRejection(known, demands, around);
    if (rejection) return { reasons: [rejection] };
    const machines = machineFacts(known, measuring);
    if ('reasons' in machines) return machines;
    const cost = costOfCounts(countsOf(offer.model), dearestPrices(offer.prices));
    const request = { expectedCost: cost.toString(), tier: tierOf(offer.model) };
    return { facts: joined(toldOf(known), machines, request) };
  };
}

type OfRequest = Pick<CandidateFacts, 'expectedCost' | 'tier'>;

/** Named one by one: hundreds of these are made for a request, and copies of whole objects take several times as long. */
function joined(told: ToldOffer, machines: MachineFacts, request: OfRequest): CandidateFacts {
  return {
    name: told.name,
    source: told.source,
    isDiscreet: told.isDiscreet,
    region: told.region,
    prices: told.prices,
    expectedCost: request.expectedCost,
    firstMs: machines.firstMs,
    tokensPerSecond: machines.tokensPerSecond,
    room: machines.room,
    successRate: machines.successRate,
    isCooling: machines.isCooling,
    contextTokens: machines.contextTokens,
    isDeclared: machines.isDeclared,
    tier: request.tier,
  };
}

function toldOf(known: KnownOffer): ToldOffer {
  known.told ??= told(known.offer);
  return known.told;
}

function told(offer: Offer): ToldOffer {
  const { provider, model, prices, throughImport } = offer;
  return {
    name: throughImport ? importRouteOf(throughImport) : `${labelOf(provider)}/${model}`,
    source: sourceOf(offer),
    isDiscreet: isDiscreet(offer),
    region: provider.data.region,
    prices: toPricesText(prices),
  };
}

function sourceOf({ isOwn, provider }: Offer): Source {
  if (isOwn) return 'own';
  return provider.source.kind === 'coderai' ? 'workers' : 'hosted';
}

function tierAmong(qualities: AutoselectDefinition['qualities'], model: string): number {
  const found = qualities.find(({ model: pattern }) =>
    pattern.endsWith('*') ? model.startsWith(pattern.slice(0, -1)) : model === pattern,
  );
  return found?.tier ?? 0;
}

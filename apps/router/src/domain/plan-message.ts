import type { Candidate, Rejection, RequestFacts, Terms } from '@aisbf/contracts';
import { parseNanos } from '@aisbf/money';
import { globalUsername, labelOf } from './catalogue.js';
import { offerName } from './choice.js';
import { outputTokensHeld } from './hold-amount.js';
import type { RoutePlan } from './plan.js';
import { toPricesText } from './prices-text.js';
import type { Upstream, UpstreamRejection } from './upstream.js';

/** A candidate as the gateway is told of it. */
export function toCandidate(
  { offer, modelThere, endpoint, target }: Upstream,
  facts: RequestFacts,
  { holdAmount, routePlaces }: Pick<RoutePlan, 'holdAmount' | 'routePlaces'>,
): Candidate {
  const { prices } = offer;
  const { costMax, fallbacks } = facts;
  const routePlace = fallbacks && routePlaces.get(offerName(offer));
  const payable =
    costMax === undefined ? null : outputTokensHeld(parseNanos(costMax), facts, prices);
  const common = {
    providerId: offer.provider.id,
    providerLabel: labelOf(offer.provider),
    sellerOwnerId: offer.provider.ownerId,
    model: modelThere,
    ...(endpoint !== facts.endpoint && { endpoint }),
    outputTokensHeld: outputTokensHeld(holdAmount, facts, prices),
    ...(payable !== null && { outputTokensPayable: payable }),
    ...(prices.reasoning_token !== undefined && { isReasoningPriced: true }),
    ...(routePlace !== undefined && { routePlace }),
  };
  if (target.kind === 'http') {
    return {
      ...{ ...common, kind: 'http', url: target.url, headers: { ...target.headers } },
      ...(offer.provider.username === globalUsername && { isOfOperator: true }),
    };
  }
  const { session, brokerUrl } = target.present;
  return {
    ...common,
    kind: 'session',
    brokerUrl,
    sessionId: session.sessionId,
    sessionEpoch: session.epoch,
    clientId: session.clientId,
  };
}

/** What it costs, fixed from here on whatever the seller changes. */
export function toTerms({ offer }: Upstream): Terms {
  return {
    providerId: offer.provider.id,
    providerLabel: labelOf(offer.provider),
    sellerOwnerId: offer.provider.ownerId,
    model: offer.model,
    prices: toPricesText(offer.prices),
    feeBps: offer.feeBps,
  };
}

/** A rejection as the receipt keeps it: by what it was considered is in the explanation alone. */
export function toRejection({ providerLabel, model, reason }: UpstreamRejection): Rejection {
  return { providerLabel, model, reason };
}

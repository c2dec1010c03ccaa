import type { Candidate, Terms } from '@aisbf/contracts';
import { labelOf } from './catalogue.js';
import { toPricesText } from './prices-text.js';
import type { Upstream } from './upstream.js';

/** A candidate as the gateway is told of it. */
export function toCandidate(
  { offer, modelThere, target }: Upstream,
  outputTokensHeld: number | null,
): Candidate {
  const common = {
    providerId: offer.provider.id,
    providerLabel: labelOf(offer.provider),
    sellerOwnerId: offer.provider.ownerId,
    model: modelThere,
    outputTokensHeld,
  };
  if (target.kind === 'http') {
    return { ...common, kind: 'http', url: target.url, headers: { ...target.headers } };
  }
  const { session, brokerUrl } = target.present;
  return {
    ...common,
    kind: 'session',
    brokerUrl,
    sessionId: session.sessionId,
    sessionEpoch: session.epoch,
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

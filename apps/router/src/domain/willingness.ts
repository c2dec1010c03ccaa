import { labelOf } from './catalogue.js';
import { type Choice, eachOffer } from './choice.js';
import type { Offer } from './offer.js';
import { importRouteOf } from './route-name.js';
import type { SessionDemands } from './session-fit.js';
import type { Surroundings, UpstreamRejection } from './upstream.js';
import { type Upstreams, upstreamsOf } from './upstreams.js';
import type { RandomSource } from './weighted-order.js';

/** Who can serve what a choice leads to, in the order in which the choice names it. */
export type Willingness = ReadonlyMap<Offer, Upstreams>;

/** Asks each offer of a choice once. */
export function willingnessOf(
  choice: Choice,
  around: Surroundings,
  demands: SessionDemands,
  random: RandomSource,
): Willingness {
  const asking = { around, demands, random };
  const byOffer = new Map<Offer, Upstreams>();
  eachOffer(choice, (offer) => {
    if (!byOffer.has(offer)) byOffer.set(offer, upstreamsOf(offer, asking));
  });
  return byOffer;
}

/** One a provider's model and reason. Of more than so many nothing is said, and nothing is made. */
export function rejectionsOf(
  byOffer: Willingness,
  rejectionsMax = Number.POSITIVE_INFINITY,
): readonly UpstreamRejection[] {
  const rejections: UpstreamRejection[] = [];
  for (const [{ provider, model, throughImport }, { reasons }] of byOffer) {
    for (const reason of reasons) {
      if (rejections.length >= rejectionsMax) return rejections;
      rejections.push({
        ...{ providerLabel: labelOf(provider), model, reason },
        ...(throughImport && { import: importRouteOf(throughImport) }),
      });
    }
  }
  return rejections;
}

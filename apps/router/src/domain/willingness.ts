import { labelOf } from './catalogue.js';
import { type Choice, eachOffer } from './choice.js';
import type { Offer } from './offer.js';
import type { SessionDemands } from './session-fit.js';
import type { Surroundings, UpstreamRejection } from './upstream.js';
import { type Upstreams, upstreamsOf } from './upstreams.js';
import type { RandomSource } from './weighted-order.js';

/** Who can serve what a choice leads to. */
export type Willingness = Readonly<{
  /** In the order in which the choice names them. */
  byOffer: ReadonlyMap<Offer, Upstreams>;
  /** Those of them of whose upstreams something is remembered. */
  remembered: readonly Offer[];
  /** One a provider and reason. */
  rejections: readonly UpstreamRejection[];
}>;

/** Asks each offer of a choice once. Of more rejections than this nothing is said, and nothing is made. */
export function willingnessOf(
  choice: Choice,
  around: Surroundings,
  demands: SessionDemands,
  random: RandomSource,
  rejectionsMax: number,
): Willingness {
  const asking = { around, demands, random };
  const byOffer = new Map<Offer, Upstreams>();
  const remembered: Offer[] = [];
  const rejections: UpstreamRejection[] = [];
  eachOffer(choice, (offer) => {
    if (byOffer.has(offer)) return;
    const found = upstreamsOf(offer, asking);
    byOffer.set(offer, found);
    if (found.remembered.length > 0) remembered.push(offer);
    for (const reason of found.reasons) {
      if (rejections.length === rejectionsMax) return;
      rejections.push({ providerLabel: labelOf(offer.provider), model: offer.model, reason });
    }
  });
  return { byOffer, remembered, rejections };
}

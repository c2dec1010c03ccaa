import { isAboveImport } from './import-offer.js';
import type { KnownOffer } from './known-offer.js';
import type { Offer } from './offer.js';
import { isTooDear } from './price-limit.js';
import { policyRejection } from './provider-policy.js';
import type { SessionDemands } from './session-fit.js';
import type { RejectionReason, Surroundings } from './upstream.js';
import { wishRejection } from './wish-rejection.js';

type Moment = Pick<Surroundings, 'nowMs' | 'barredOf'>;

/** Why an offer cannot serve whatever its workers are. What waiting would not mend comes first. */
export function offerRejection(
  offer: Offer,
  demands: SessionDemands,
  { nowMs, barredOf }: Moment,
): RejectionReason | undefined {
  const { provider, isPaused, prices } = offer;
  const unwanted = wishRejection(offer, demands.preferences);
  if (unwanted) return unwanted;
  if (isAboveImport(offer)) return 'price_above_import_max';
  if (isTooDear(prices, demands)) return 'price_above_max';
  if (!provider.isEnabled) return 'disabled';
  if (isPaused) return 'paused_for_usage';
  return policyRejection(offer, demands.endpoint, nowMs) ?? barredOf?.(provider.id);
}

/** The same of a known offer: of one that is open, only what the request brings along is looked at. */
export function knownRejection(
  { offer, isOpen }: KnownOffer,
  demands: SessionDemands,
  around: Moment,
): RejectionReason | undefined {
  if (!isOpen) return offerRejection(offer, demands, around);
  const unwanted = wishRejection(offer, demands.preferences);
  if (unwanted) return unwanted;
  if (isTooDear(offer.prices, demands)) return 'price_above_max';
  return around.barredOf?.(offer.provider.id);
}

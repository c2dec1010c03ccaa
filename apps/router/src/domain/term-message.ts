import type {
  FeeChange as FeeChangeMessage,
  Listing as ListingMessage,
  PriceChange as PriceChangeMessage,
  SellerFee as SellerFeeMessage,
} from '@aisbf/contracts';
import type { Prices } from '@aisbf/money';
import type { Catalogue, Listing } from './catalogue.js';
import { providerLabel } from './catalogue-message.js';
import { type FeeRules, feeAt, feesAhead } from './fee.js';
import { toPricesText } from './prices-text.js';
import { aheadOf, type Change, inForceAt, type PastChange } from './schedule.js';
import type { OwnFee } from './term.js';

/** In which catalogue, at what moment. */
export type Seen = Readonly<{ catalogue: Catalogue; feeBpsDefault: number; nowMs: number }>;

export function toListing(listing: Listing, seen: Seen): ListingMessage {
  const { catalogue, nowMs } = seen;
  const prices = inForceAt(listing.prices, nowMs)?.value;
  const ownerId = catalogue.providerById.get(listing.providerId)?.ownerId ?? '';
  const rules = feeRules(listing.fees, ownerId, seen);
  return {
    id: listing.id,
    providerId: listing.providerId,
    provider: providerLabel(catalogue, listing.providerId),
    model: listing.model,
    prices: prices ? toPricesText(prices) : null,
    pricesAhead: aheadOf(listing.prices, nowMs).map((change) => toPriceChange(change)),
    ...feeAt(rules, nowMs),
    feesAhead: toFeesAhead(rules, nowMs),
    isActive: listing.isActive,
    batchPercent: listing.batchPercent ?? 100,
  };
}

/** The fee of one seller's listings that have none of their own. */
export function toSellerFee(
  { ownerId, username }: Readonly<{ ownerId: string; username: string }>,
  seen: Seen,
): SellerFeeMessage {
  const rules = feeRules([], ownerId, seen);
  return {
    username,
    ...feeAt(rules, seen.nowMs),
    feesAhead: toFeesAhead(rules, seen.nowMs),
  };
}

export function toPriceChange(
  change: Change<Prices>,
  withdrawn: PastChange<Prices>['withdrawn'] = null,
): PriceChangeMessage {
  return { ...toChange(change, withdrawn), prices: toPricesText(change.value) };
}

export function toFeeChange(
  change: Change<OwnFee>,
  withdrawn: PastChange<OwnFee>['withdrawn'] = null,
): FeeChangeMessage {
  return { ...toChange(change, withdrawn), feeBps: change.value };
}

function toChange<Value>(
  { id, validFromMs, setAtMs, setBy }: Change<Value>,
  withdrawn: PastChange<Value>['withdrawn'],
) {
  return {
    id,
    validFrom: toTime(validFromMs),
    setAt: toTime(setAtMs),
    setBy,
    withdrawnAt: withdrawn && toTime(withdrawn.atMs),
    withdrawnBy: withdrawn?.by ?? null,
  };
}

function feeRules(
  listing: FeeRules['listing'],
  sellerId: string,
  { catalogue, feeBpsDefault }: Seen,
): FeeRules {
  return { listing, seller: catalogue.sellerFees.get(sellerId) ?? [], feeBpsDefault };
}

function toFeesAhead(rules: FeeRules, nowMs: number) {
  return feesAhead(rules, nowMs).map(({ validFromMs, ...fee }) => ({
    ...fee,
    validFrom: toTime(validFromMs),
  }));
}

function toTime(ms: number): string {
  return new Date(ms).toISOString();
}

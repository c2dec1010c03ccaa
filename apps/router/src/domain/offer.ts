import type { TokenRules } from '@aisbf/contracts';
import { type Prices, shareOf } from '@aisbf/money';
import {
  type Catalogue,
  type Listing,
  type MarketImport,
  type Provider,
  usageCheckOf,
} from './catalogue.js';
import { feeAt } from './fee.js';
import { admits } from './provider-policy.js';
import { inForceAt } from './schedule.js';

/** A provider's model as one buyer may have it: at which price, and what the platform keeps of it. */
export type Offer = Readonly<{
  provider: Provider;
  model: string;
  prices: Prices;
  feeBps: number;
  /** The buyer's own capacity, which costs nothing. */
  isOwn: boolean;
  /** Its own counts are too far off ours for it to get requests of others. */
  isPaused: boolean;
  /** What its seller takes of its prices in a batch, where not all; for a line of one, the prices are that share. */
  batchPercent?: number;
  /** The import that has led to it, which may take no more than so much. Absent where none has. */
  throughImport?: MarketImport;
}>;

/** Who asks, as far as it decides what may be seen. */
export type Buyer = Readonly<{
  ownerId: string;
  /** What the token may be used for; absent where nothing is ruled out. */
  rules?: TokenRules;
}>;

/** Who asks, in which catalogue, and at what moment. */
export type Scope = Readonly<{
  buyer: Buyer;
  catalogue: Catalogue;
  feeBpsDefault: number;
  nowMs: number;
  /** The request is a line of a batch. */
  isBatch?: boolean | undefined;
}>;

/** A model on sale, at the prices in force. */
type Sale = Readonly<{ listing: Listing; prices: Prices }>;

/** What puts a model on sale at this moment: an active listing, the prices of which have begun. */
export function saleAt(
  catalogue: Catalogue,
  { providerId, model }: Readonly<{ providerId: string; model: string }>,
  nowMs: number,
): Sale | undefined {
  const listing = catalogue.listingsByProviderId.get(providerId)?.get(model);
  const prices = listing?.isActive ? inForceAt(listing.prices, nowMs)?.value : undefined;
  return listing && prices && { listing, prices };
}

/**
 * The one rule of who may see and call what: one's own always, somebody else's only while it is on sale to one.
 * Undefined means: as if it did not exist.
 */
export function offerTo(scope: Scope, provider: Provider, model: string): Offer | undefined {
  const { buyer, catalogue, feeBpsDefault, nowMs } = scope;
  if (provider.ownerId === buyer.ownerId) {
    return { provider, model, prices: {}, feeBps: 0, isOwn: true, isPaused: false };
  }
  const sale = saleAt(catalogue, { providerId: provider.id, model }, nowMs);
  if (!sale || !admits(provider, buyer.ownerId)) return undefined;
  const { listing } = sale;
  const { batchPercent = 100 } = listing;
  const prices = scope.isBatch ? shareOf(sale.prices, batchPercent) : sale.prices;
  const share = batchPercent < 100 ? { batchPercent } : {};
  const seller = catalogue.sellerFees.get(provider.ownerId) ?? [];
  const { feeBps } = feeAt({ listing: listing.fees, seller, feeBpsDefault }, nowMs);
  const isPaused = usageCheckOf(catalogue, provider.id, model)?.state === 'paused';
  return { provider, model, prices, feeBps, isOwn: false, isPaused, ...share };
}

/** Whether an owner may see and call the model at all. */
export function isVisibleTo(
  { buyer, catalogue, nowMs }: Omit<Scope, 'feeBpsDefault'>,
  named: Readonly<{ providerId: string; model: string }>,
): boolean {
  const provider = catalogue.providerById.get(named.providerId);
  if (!provider || provider.ownerId === buyer.ownerId) return provider !== undefined;
  return admits(provider, buyer.ownerId) && saleAt(catalogue, named, nowMs) !== undefined;
}

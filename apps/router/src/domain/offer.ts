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
import { always, common, inForceAt, isWithin, type Span, spanAt } from './schedule.js';

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

/** What a buyer is offered, and when that is so. Undefined of an offer means: as if it did not exist. */
export type Offered = Readonly<{ offer: Offer | undefined; during: Span }>;

export const neverOffered: Offered = { offer: undefined, during: always };

/**
 * The one rule of who may see and call what: one's own always, somebody else's only while it is on sale to one.
 * Undefined means: as if it did not exist. Of one catalogue, and for as long as its terms hold, it is one object.
 */
export function offerTo(scope: Scope, provider: Provider, model: string): Offer | undefined {
  return offeredTo(scope, provider, model).offer;
}

export function offeredTo(scope: Scope, provider: Provider, model: string): Offered {
  const { buyer, catalogue } = scope;
  const isOwn = provider.ownerId === buyer.ownerId;
  if (!isOwn && !admits(provider, buyer.ownerId)) return neverOffered;
  const kept = keptOffers(catalogue, provider.id);
  return isOwn ? ownOffered(kept, provider, model) : soldOffered(kept, scope, provider, model);
}

/** What was made of a catalogue's offers so far: most requests ask for what others have asked for. */
type Kept = Readonly<{
  own: Map<string, Offered>;
  /** Of all terms that were asked about so far: what was made of earlier ones may be asked about once more. */
  sold: Map<string, readonly Sold[]>;
}>;

/** All else that decides what is offered. */
type Sold = Offered & Readonly<{ feeBpsDefault: number; isBatch: boolean }>;

/** A catalogue never changes, and goes with all that was made of it. */
const keptByCatalogue = new WeakMap<Catalogue, Map<string, Kept>>();

function keptOffers(catalogue: Catalogue, providerId: string): Kept {
  const byProvider = keptByCatalogue.get(catalogue) ?? new Map<string, Kept>();
  if (byProvider.size === 0) keptByCatalogue.set(catalogue, byProvider);
  const known = byProvider.get(providerId);
  if (known) return known;
  const kept = { own: new Map(), sold: new Map() };
  byProvider.set(providerId, kept);
  return kept;
}

function ownOffered({ own }: Kept, provider: Provider, model: string): Offered {
  const known = own.get(model);
  if (known) return known;
  const offer = { provider, model, prices: {}, feeBps: 0, isOwn: true, isPaused: false };
  const offered = { offer, during: always };
  own.set(model, offered);
  return offered;
}

function soldOffered({ sold }: Kept, scope: Scope, provider: Provider, model: string): Offered {
  const { feeBpsDefault, nowMs, isBatch = false } = scope;
  const knownOnes = sold.get(model) ?? [];
  for (const known of knownOnes) {
    const isOfKind = known.feeBpsDefault === feeBpsDefault && known.isBatch === isBatch;
    if (isOfKind && isWithin(known.during, nowMs)) return known;
  }
  const made = offeredNow(scope, provider, model);
  if (!made) return neverOffered;
  const offered = { ...made, feeBpsDefault, isBatch };
  sold.set(model, [...knownOnes, offered]);
  return offered;
}

function offeredNow(scope: Scope, provider: Provider, model: string): Offered | undefined {
  const { catalogue, feeBpsDefault, nowMs, isBatch } = scope;
  const listing = catalogue.listingsByProviderId.get(provider.id)?.get(model);
  if (!listing) return undefined;
  const seller = catalogue.sellerFees.get(provider.ownerId) ?? [];
  const during = [listing.prices, listing.fees, seller]
    .map((schedule) => spanAt(schedule, nowMs))
    .reduce(common);
  const sale = saleAt(catalogue, { providerId: provider.id, model }, nowMs);
  if (!sale) return { offer: undefined, during };
  const { batchPercent = 100 } = listing;
  const prices = isBatch ? shareOf(sale.prices, batchPercent) : sale.prices;
  const { feeBps } = feeAt({ listing: listing.fees, seller, feeBpsDefault }, nowMs);
  const isPaused = usageCheckOf(catalogue, provider.id, model)?.state === 'paused';
  const share = batchPercent < 100 ? { batchPercent } : {};
  return {
    offer: { provider, model, prices, feeBps, isOwn: false, isPaused, ...share },
    during,
  };
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

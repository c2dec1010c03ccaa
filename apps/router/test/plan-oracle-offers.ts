import type { TokenRules } from '@aisbf/contracts';
import type { Prices } from '@aisbf/money';
import type { MarketImport, Provider } from '../src/domain/catalogue.js';
import type { PlanCase } from './plan-case.js';
import { holdingAt, nowMs } from './random-schedule.js';

/** A provider's model as this buyer may have it. */
export type OracleOffer = Readonly<{
  name: string;
  provider: Provider;
  model: string;
  isOwn: boolean;
  prices: Prices;
  feeBps: number;
  isPaused: boolean;
  /** The import that has led to it, which takes no more than so much. */
  through?: MarketImport;
}>;

export function isMine({ buyer }: PlanCase, owned: Readonly<{ ownerId: string }>): boolean {
  return owned.ownerId === buyer.ownerId;
}

/** Everybody but those whom the owner's policy keeps out; to those the provider does not exist. */
export function isLetIn({ buyer }: PlanCase, { ownerId, policy }: Provider): boolean {
  if (ownerId === buyer.ownerId) return true;
  const audience = policy?.audience ?? 'market';
  if (audience === 'listed') return policy?.guests.has(buyer.ownerId) === true;
  return audience === 'market';
}

/** What it costs others while it is on sale; in a batch so many percent of that, rounded down. */
export function salePrices(one: PlanCase, providerId: string, model: string): Prices | undefined {
  const listing = listingOf(one, providerId, model);
  const whole = listing?.isActive ? holdingAt(listing.prices, nowMs) : undefined;
  const percent = one.facts.isBatch ? (listing?.batchPercent ?? 100) : 100;
  if (!whole || percent === 100) return whole;
  const entries = Object.entries(whole).map(([kind, price]) => {
    const hundredths = price * BigInt(percent);
    return [kind, (hundredths - (hundredths % 100n)) / 100n];
  });
  return Object.fromEntries(entries) as Prices;
}

/** One's own always; what is somebody else's, while it is on sale to one. */
export function offerOf(one: PlanCase, providerId: string, model: string): OracleOffer | undefined {
  const { catalogue, buyer, settings } = one;
  const provider = catalogue.providers.find(({ id }) => id === providerId);
  if (!provider) return undefined;
  const name = `${providerId} ${model}`;
  const isOwn = provider.ownerId === buyer.ownerId;
  if (isOwn) return { name, provider, model, isOwn, prices: {}, feeBps: 0, isPaused: false };
  const prices = salePrices(one, providerId, model);
  if (!prices || !isLetIn(one, provider)) return undefined;
  const fees = [
    holdingAt(listingOf(one, providerId, model)?.fees ?? [], nowMs),
    holdingAt(catalogue.sellerFees.get(provider.ownerId) ?? [], nowMs),
    settings.feeBpsDefault,
  ];
  const feeBps = fees.find((fee) => typeof fee === 'number') ?? 0;
  const isPaused = catalogue.usageChecks.some(
    (check) => check.providerId === providerId && check.model === model && check.state === 'paused',
  );
  return { name, provider, model, isOwn, prices, feeBps, isPaused };
}

/** Its maker's, and where that is the operator, everybody's. */
export function importOpen(
  one: PlanCase,
  isMeant: (found: MarketImport) => boolean,
): MarketImport | undefined {
  const found = one.catalogue.imports?.find(isMeant);
  return found && (isMine(one, found) || found.username === 'global') ? found : undefined;
}

/** The same as by its own name, at the same price. */
export function importedOffer(
  one: PlanCase,
  through: MarketImport | undefined,
): OracleOffer | undefined {
  const offer = through && offerOf(one, through.providerId, through.model);
  return offer && { ...offer, name: `${offer.name} ${through.id}`, through };
}

/** Whether a provider has a model at the moment, on sale or not. */
export function hasAtTheMoment(one: PlanCase, { id, source }: Provider, model: string): boolean {
  if (source.kind === 'openai') return source.models.has(model);
  return one.sessions.some(
    ({ providerId, models }) => providerId === id && models.some(({ name }) => name === model),
  );
}

/** A token's list: exact names, and beginnings with a star; an empty one rules nothing out. */
export function isListed(
  name: string,
  which: 'routes' | 'models',
  rules: TokenRules | undefined,
): boolean {
  const patterns = rules?.[which] ?? [];
  if (patterns.length === 0) return true;
  for (const pattern of patterns) {
    if (pattern === name) return true;
    if (pattern.endsWith('*') && name.indexOf(pattern.slice(0, -1)) === 0) return true;
  }
  return false;
}

/** Own ones of theirs, or those who have promised neither to collect nor to retain. */
export function keepsSecrets({ isOwn, provider }: OracleOffer): boolean {
  const { isCollected, isRetained } = provider.data;
  return isOwn || (isCollected === false && isRetained === false);
}

function listingOf({ catalogue }: PlanCase, providerId: string, model: string) {
  return catalogue.listings.find(
    (listing) => listing.providerId === providerId && listing.model === model,
  );
}

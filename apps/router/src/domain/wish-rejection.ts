import type { Preferences } from '@aisbf/contracts';
import { type DataPolicy, labelOf, type Provider } from './catalogue.js';
import type { Offer } from './offer.js';

/** Why a buyer would rather have nothing than this. */
export type WishRejection =
  | 'ignored'
  | 'not_wanted'
  | 'data_collected'
  | 'data_retained'
  | 'region_differs'
  | 'quantization_differs';

/** Whether a buyer's wishes rule this out. */
export function wishRejection(
  { provider, isOwn }: Offer,
  wishes: Preferences | undefined,
): WishRejection | undefined {
  if (!wishes) return undefined;
  return (
    nameRejection(provider, wishes) ??
    (isOwn ? undefined : promiseRejection(provider.data, wishes)) ??
    placeRejection(provider, wishes)
  );
}

function nameRejection(
  provider: Provider,
  { only, ignore, order, allowsFallbacks }: Preferences,
): WishRejection | undefined {
  if (isNamed(provider, ignore)) return 'ignored';
  const isOutside = (names: readonly string[] | undefined) => names && !isNamed(provider, names);
  return isOutside(only) || (allowsFallbacks === false && isOutside(order))
    ? 'not_wanted'
    : undefined;
}

/**
 * What an owner does not say of its data counts as the worse: a promise is kept only by whoever has made it.
 * One's own capacity promises itself nothing.
 */
function promiseRejection(
  { isCollected, isRetained }: DataPolicy,
  { deniesCollection, isZeroRetention }: Preferences,
): WishRejection | undefined {
  if (deniesCollection && isCollected !== false) return 'data_collected';
  return isZeroRetention && isRetained !== false ? 'data_retained' : undefined;
}

function placeRejection(
  { data, source }: Provider,
  { regions, quantizations }: Preferences,
): WishRejection | undefined {
  if (regions && !(data.region !== null && regions.includes(data.region))) return 'region_differs';
  // Of a hosted API nobody tells it; workers are judged each by itself.
  const isUntold = source.kind === 'openai' && !isQuantizedAs(undefined, quantizations);
  return isUntold ? 'quantization_differs' : undefined;
}

/** Who does not tell its quantization is `unknown`; upper and lower case are the same. */
export function isQuantizedAs(
  told: string | undefined,
  wished: readonly string[] | undefined,
): boolean {
  const name = (told ?? 'unknown').toLowerCase();
  return !wished || wished.some((each) => each.toLowerCase() === name);
}

function isNamed(provider: Provider, names: readonly string[] | undefined): boolean {
  return names !== undefined && placeIn(names, provider) < names.length;
}

/** Where among the names this provider stands; behind all of them where none is its own. */
export function placeIn(names: readonly string[] | undefined, provider: Provider): number {
  if (!names) return 0;
  const own = [labelOf(provider), provider.name, provider.username];
  const place = names.findIndex((name) => own.includes(name));
  return place < 0 ? names.length : place;
}

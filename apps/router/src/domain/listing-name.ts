import { qualifiedProviderRoute } from './route-name.js';

/** Whose listing, of which of its providers, of which model. */
export type ListingName = Readonly<{ owner: string; provider: string; model: string }>;

/** The one word between owner and provider by which routes are told from shorter names. */
const providerWord = 'provider';

/**
 * Reads `{owner}/{provider}/{model}`, or the route `{owner}/provider/{provider}/{model}`. What could be both is the route, as
 * it is wherever routes are read.
 */
export function parseListingName(text: string): ListingName {
  const [owner = '', second = '', third = '', ...rest] = text.split('/');
  if (second === providerWord && third !== '' && rest.length > 0) {
    return { owner, provider: third, model: rest.join('/') };
  }
  return { owner, provider: second, model: [third, ...rest].join('/') };
}

/** The shortest text that is read as this listing. */
export function listingNameText({ owner, provider, model }: ListingName): string {
  const isRoute = provider === providerWord && model.includes('/');
  return isRoute ? qualifiedProviderRoute(owner, provider, model) : `${owner}/${provider}/${model}`;
}

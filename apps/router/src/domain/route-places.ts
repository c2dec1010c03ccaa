import { type Choice, eachOffer, offerName } from './choice.js';
import type { Offer } from './offer.js';

/** What a route leads to, and the place of the route among all that a request names. */
export type Way = Readonly<{ place: number; choice: Choice }>;

/** By the offer's name: the place of the first route that leads to it. */
export function routePlacesOf(
  ways: readonly Way[],
  wanted: readonly Offer[],
): ReadonlyMap<string, number> {
  const [only] = ways;
  // Most requests name one route, and that of a large rotation need not be gone through again.
  if (only && ways.length === 1) {
    return new Map(wanted.map((offer) => [offerName(offer), only.place]));
  }
  const places = new Map<string, number>();
  const left = new Set(wanted);
  for (const { place, choice } of ways) {
    eachOffer(choice, (offer) => {
      if (left.delete(offer)) places.set(offerName(offer), place);
    });
  }
  return places;
}

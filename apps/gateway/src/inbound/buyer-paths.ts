import { type BuyerPlace, placeOf } from '../domain/buyer-place.js';
import { faults } from '../domain/faults.js';

/** What the pattern of an address may hold. */
export type AddressParams = { username?: string; place?: string; '*'?: string };

const bases = ['/api', '/api/u/:username'];

/**
 * Where the buyers' API is served: the bare address and a user's own, and below both a provider's, and those of rotations
 * and autoselects.
 */
export const buyerPrefixes: readonly string[] = [
  '/v1',
  ...['/api/v1', '/api/u/:username', '/api/u/:username/v1'],
  ...bases.flatMap((base) => [`${base}/:place`, `${base}/:place/v1`]),
];

/** Where programs look for an Ollama. */
export const ollamaPrefixes: readonly string[] = bases;

/** Where a request has come in. */
export function placeAt({ place }: AddressParams): BuyerPlace {
  const found = placeOf(place);
  if (!found) throw faults.ENDPOINT_MISSING();
  return found;
}

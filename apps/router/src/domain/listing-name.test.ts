import { ListingName } from '@aisbf/contracts';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { listingNameText, parseListingName } from './listing-name.js';

const name = fc.oneof(fc.constant('provider'), fc.stringMatching(/^[a-z][a-z0-9-]{0,8}$/));
const model = fc.oneof(
  fc.stringMatching(/^[a-z/:.-]{1,12}$/),
  fc.constantFrom('provider', 'provider/m', 'a/b', '/a', 'a/'),
);

describe(parseListingName, () => {
  it('reads back what is written of any listing', () => {
    fc.assert(
      fc.property(name, name, model, (owner, provider, wanted) => {
        const listing = { owner, provider, model: wanted };
        const text = listingNameText(listing);
        expect(ListingName.safeParse(text).success).toBe(true);
        expect(parseListingName(text)).toEqual(listing);
      }),
      { numRuns: 2_000 },
    );
  });

  it.each([
    ['anna/rig/llama', 'anna', 'rig', 'llama'],
    ['anna/rig/org/qwen:7b', 'anna', 'rig', 'org/qwen:7b'],
    ['anna/provider/rig/org/qwen:7b', 'anna', 'rig', 'org/qwen:7b'],
    // Too short for the route, so that the word is a provider's name.
    ['anna/provider/m', 'anna', 'provider', 'm'],
    ['anna/provider/provider/a/b', 'anna', 'provider', 'a/b'],
  ])('reads %s', (text, owner, provider, wanted) => {
    expect(parseListingName(text)).toEqual({ owner, provider, model: wanted });
  });
});

describe('the form of a listing', () => {
  it.each(['', 'anna', 'anna/rig', 'anna/rig/', '/rig/m', 'anna//m', 'anna/rig/a b', 'a/b/\u0000'])(
    'is not that of %p',
    (text) => expect(ListingName.safeParse(text).success).toBe(false),
  );
});

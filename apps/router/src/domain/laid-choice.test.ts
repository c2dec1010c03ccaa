import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type Choice, eachOffer, offersOf } from './choice.js';
import { type LaidPart, laidOut } from './laid-choice.js';
import type { Offer } from './offer.js';

const offers = ['a', 'b', 'c', 'd'].map((id) => ({ provider: { id }, model: 'm' }) as Offer);
const throughImport = { ...offers[0], throughImport: { id: 'i', pricesMax: {} } } as Offer;

const leaf = fc
  .constantFrom(...offers, { ...throughImport, prices: {} })
  .map((offer): Choice => ({ kind: 'offer', offer }));
const { choice: anyChoice } = fc.letrec<{ choice: Choice }>((tie) => ({
  choice: fc.oneof(
    { maxDepth: 4 },
    leaf,
    fc
      .array(tie('choice'), { maxLength: 4 })
      .map((choices): Choice => ({ kind: 'sequence', choices })),
    fc
      .array(
        fc.record({
          name: fc.string(),
          choice: tie('choice'),
          ...{ weight: fc.constant(1), priority: fc.constant(0) },
        }),
        { maxLength: 4 },
      )
      .map((members): Choice => ({ kind: 'pool', members })),
  ),
}));

const placesIn = (part: LaidPart): readonly number[] =>
  typeof part === 'number' ? [part] : part.parts.flatMap(placesIn);

describe(laidOut, () => {
  it('names the same offers in the same order, and tells whether any is named twice or through an import', () => {
    const run = fc.property(anyChoice, (choice) => {
      const named: Offer[] = [];
      eachOffer(choice, (offer) => named.push(offer));
      const laid = laidOut(choice);
      const listed = laid.offers.map(({ offer }) => offer);
      expect(listed).toEqual(offersOf(choice));
      expect(placesIn(laid.part).map((place) => listed[place])).toEqual(named);
      expect(laid.isOnceEach).toBe(new Set(named).size === named.length);
      expect(laid.hasImports).toBe(named.some((offer) => offer.throughImport));
    });
    fc.assert(run);
  });

  it('lays out a pool once', () => {
    const pool: Choice = { kind: 'pool', members: [] };
    expect(laidOut(pool)).toBe(laidOut(pool));
  });
});

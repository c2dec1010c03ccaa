import { type Choice, eachOffer, type PoolMember } from './choice.js';
import { type KnownOffer, knownOffer } from './known-offer.js';
import type { Offer } from './offer.js';

/** A choice that names offers by their places in a list, so that what is found out about each lies in a list as well. */
export type LaidChoice = Readonly<{
  /** All that it leads to, each once, in the order in which it names them. */
  offers: readonly KnownOffer[];
  /** None is named twice. */
  isOnceEach: boolean;
  /** Some were come upon by an import, so that the same may be among them by itself. */
  hasImports: boolean;
  part: LaidPart;
}>;

/** As with choices; a number is the place of an offer. */
export type LaidPart =
  | number
  | Readonly<{ kind: 'sequence'; parts: readonly LaidPart[] }>
  | Readonly<{ kind: 'pool'; members: readonly PoolMember[]; parts: readonly LaidPart[] }>;

/** Those of pools: a rotation's is one object for all requests of a buyer, and large. */
const kept = new WeakMap<Choice, LaidChoice>();

export function laidOut(choice: Choice): LaidChoice {
  const known = choice.kind === 'pool' ? kept.get(choice) : undefined;
  if (known) return known;
  const made = lay(choice);
  if (choice.kind === 'pool') kept.set(choice, made);
  return made;
}

function lay(choice: Choice): LaidChoice {
  const places = new Map<Offer, number>();
  let [named, hasImports] = [0, false];
  eachOffer(choice, (offer) => {
    named += 1;
    hasImports ||= offer.throughImport !== undefined;
    if (!places.has(offer)) places.set(offer, places.size);
  });
  return {
    offers: Array.from(places.keys(), knownOffer),
    isOnceEach: named === places.size,
    hasImports,
    part: partOf(choice, (offer) => places.get(offer) as number),
  };
}

function partOf(choice: Choice, placeOf: (offer: Offer) => number): LaidPart {
  switch (choice.kind) {
    case 'offer':
      return placeOf(choice.offer);
    case 'sequence':
      return { kind: 'sequence', parts: choice.choices.map((one) => partOf(one, placeOf)) };
    case 'pool': {
      const { members } = choice;
      return { kind: 'pool', members, parts: members.map((one) => partOf(one.choice, placeOf)) };
    }
    default:
      return choice satisfies never;
  }
}

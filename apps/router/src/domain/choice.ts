import type { Offer } from './offer.js';

/**
 * What a route leads to: one offer; several ways of which an earlier one is always tried first; or a pool
 * that is drawn from by weight.
 */
export type Choice =
  | Readonly<{ kind: 'offer'; offer: Offer }>
  | Readonly<{ kind: 'sequence'; choices: readonly Choice[] }>
  | Readonly<{ kind: 'pool'; members: readonly PoolMember[] }>;

export type PoolMember = Readonly<{
  /** Tells the members of a pool apart, in every replica alike. */
  name: string;
  choice: Choice;
  weight: number;
  /** Those of the least number are tried first; the next only when they cannot. */
  priority: number;
}>;

/** Everything that may be asked, each once, in the order in which the choice names it. */
export function offersOf(choice: Choice): readonly Offer[] {
  const offers = new Set<Offer>();
  eachOffer(choice, (offer) => offers.add(offer));
  return [...offers];
}

/** An import has its own ceiling, so that what it leads to is told apart from the same that is named by itself. */
export function offerName({ provider, model, throughImport }: Offer): string {
  const name = `${provider.id} ${model}`;
  return throughImport ? `${name} ${throughImport.id}` : name;
}

/** The choice without the offers that do not pass; undefined where nothing is left. */
export function filterChoice(
  choice: Choice,
  passes: (offer: Offer) => boolean,
): Choice | undefined {
  switch (choice.kind) {
    case 'offer':
      return passes(choice.offer) ? choice : undefined;
    case 'sequence': {
      const choices = choice.choices.flatMap((one) => filterChoice(one, passes) ?? []);
      return choices.length > 0 ? { kind: 'sequence', choices } : undefined;
    }
    case 'pool': {
      const members = choice.members.flatMap((member) => {
        const left = filterChoice(member.choice, passes);
        return left ? [{ ...member, choice: left }] : [];
      });
      return members.length > 0 ? { kind: 'pool', members } : undefined;
    }
    default:
      return choice satisfies never;
  }
}

/** Goes through all that a choice names, in its order and as often as it names it. */
export function eachOffer(choice: Choice, visit: (offer: Offer) => void): void {
  switch (choice.kind) {
    case 'offer':
      visit(choice.offer);
      return;
    case 'sequence':
      for (const one of choice.choices) eachOffer(one, visit);
      return;
    case 'pool':
      for (const member of choice.members) eachOffer(member.choice, visit);
      return;
    default:
      choice satisfies never;
  }
}

/** By the offer's name: the place of the first of several choices that leads to it. Each is in one of them. */
export function placesOf(
  offers: readonly Offer[],
  choices: readonly (Choice | undefined)[],
): ReadonlyMap<string, number> {
  const wanted = new Set(offers);
  const places = new Map<string, number>();
  const last = choices.findLastIndex((choice) => choice !== undefined);
  for (const [place, choice] of choices.slice(0, last).entries()) {
    if (!choice || wanted.size === 0) continue;
    eachOffer(choice, (offer) => {
      if (wanted.delete(offer)) places.set(offerName(offer), place);
    });
  }
  // Nobody has to be looked for in the last, which mostly is the only one.
  for (const offer of wanted) places.set(offerName(offer), last);
  return places;
}

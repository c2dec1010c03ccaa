import type {
  CandidateFacts,
  EndpointName,
  Selection,
  SelectionOutcome,
  SelectionRecord,
} from '@aisbf/contracts';
import type { Fault } from '@aisbf/faults';
import { candidateName, judgeOffer, type Measuring } from './candidate-facts.js';
import { type Autoselect, labelOf } from './catalogue.js';
import type { Choice, PoolMember } from './choice.js';
import type { Reading } from './decision.js';
import { faults } from './faults.js';
import type { Offer } from './offer.js';
import { once } from './once.js';
import { refusal } from './refusal.js';
import { select } from './selection.js';
import { toRejection, type UpstreamRejection } from './upstream.js';

/** What selections of one request are made by. */
export type Selecting = Readonly<{
  reading: Reading;
  measuring: Measuring;
  /** How many offers one selection looks at: one's own first, then those of others. */
  offersMax: number;
}>;

/** What is chosen, or why nothing is. */
export type Selected = (Readonly<{ choice: Choice }> | Readonly<{ refusal: Fault }>) &
  Readonly<{
    record: SelectionRecord;
    /** Who was looked at and cannot serve, whatever is selected. */
    rejections: readonly UpstreamRejection[];
    /** The request may be seen only by those who are discreet, whatever else it names. */
    isPrivate: boolean;
  }>;

/** As many as any plan tries: the rest of the ranking would only be carried along. */
const rankedMax = 64;

/** Makes the selections of an autoselect among these offers, or says why nothing is left. */
export function selectedChoice(
  autoselect: Autoselect,
  { reading, measuring, offersMax }: Selecting,
  offersOf: (from: Selection['from']) => readonly Offer[],
): Selected {
  const offers = new Map<string, Offer>();
  const rejections: UpstreamRejection[] = [];
  const { definition } = autoselect;
  const judge = (offer: Offer): readonly CandidateFacts[] => {
    offers.set(candidateName(offer), offer);
    const judged = judgeOffer(offer, definition.qualities, measuring);
    if ('facts' in judged) return [judged.facts];
    rejections.push(...judged.reasons.map((reason) => toRejection(offer, reason)));
    return [];
  };
  // Several selections often choose from the same.
  const candidatesOf = once((from: Selection['from']) =>
    offersOf(from).slice(0, offersMax).flatMap(judge),
  );
  const record = select(labelOf(autoselect), definition, reading, ({ from }) => candidatesOf(from));
  const { outcomes } = record;
  const made = { record, rejections, isPrivate: outcomes.some((outcome) => outcome.isPrivate) };
  const choices = choicesOf(outcomes, offers);
  if (choices.length > 0) return { ...made, choice: { kind: 'sequence', choices } };
  return {
    ...made,
    refusal: emptiness(outcomes, [...offers.values()], rejections, measuring.demands.endpoint),
  };
}

/** In the order of the ranking; what stands in several of them is asked once. */
function choicesOf(
  outcomes: readonly SelectionOutcome[],
  offers: ReadonlyMap<string, Offer>,
): readonly Choice[] {
  const seen = new Set<string>();
  const choices: Choice[] = [];
  for (const equals of outcomes.flatMap(({ ranking }) => ranking)) {
    const members = equals.flatMap(({ name }): PoolMember[] => {
      const offer = offers.get(name);
      if (!offer || seen.has(name) || seen.size >= rankedMax) return [];
      seen.add(name);
      return [{ name, choice: { kind: 'offer', offer }, weight: 1, priority: 0 }];
    });
    const [only] = members;
    if (only) choices.push(members.length === 1 ? only.choice : { kind: 'pool', members });
  }
  return choices;
}

/** Who is private would be served if only it were not; who breaks ceilings may do so for a moment. */
function emptiness(
  outcomes: readonly SelectionOutcome[],
  offers: readonly Offer[],
  rejections: readonly UpstreamRejection[],
  endpoint: EndpointName,
): Fault {
  const excluded = outcomes.flatMap((outcome) => outcome.excluded);
  if (excluded.length === 0) {
    return offers.length === 0 ? faults.SELECTION_EMPTY() : refusal(offers, rejections, endpoint);
  }
  if (excluded.some(({ by }) => by.includes('not_private'))) return faults.PRIVACY_UNMET();
  const reasons = [...new Set(excluded.flatMap(({ by }) => by))].sort().join(',');
  return faults.SELECTION_EMPTY({ reasons });
}

import type {
  CandidateFacts,
  EndpointName,
  ScoredCandidate,
  Selection,
  SelectionOutcome,
  SelectionRecord,
} from '@aisbf/contracts';
import type { Fault } from '@aisbf/faults';
import { candidateName, judgeBy, type Measuring } from './candidate-facts.js';
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
  const judge = judgeBy(definition.qualities, measuring);
  // Several selections often choose from the same.
  const candidatesOf = once((from: Selection['from']) => {
    const candidates: CandidateFacts[] = [];
    for (const offer of offersOf(from).slice(0, offersMax)) {
      offers.set(candidateName(offer), offer);
      const judged = judge(offer);
      if ('facts' in judged) candidates.push(judged.facts);
      else rejections.push(...judged.reasons.map((reason) => toRejection(offer, reason)));
    }
    return candidates;
  });
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
  for (const { ranking } of outcomes) {
    for (const equals of ranking) {
      if (seen.size >= rankedMax) return choices;
      const members = membersOf(equals, offers, seen);
      const [only] = members;
      if (only) choices.push(members.length === 1 ? only.choice : { kind: 'pool', members });
    }
  }
  return choices;
}

/** Those of them that are not seen yet, as long as there is room. */
function membersOf(
  equals: readonly ScoredCandidate[],
  offers: ReadonlyMap<string, Offer>,
  seen: Set<string>,
): readonly PoolMember[] {
  const members: PoolMember[] = [];
  for (const { name } of equals) {
    const offer = offers.get(name);
    if (!offer || seen.has(name) || seen.size >= rankedMax) continue;
    seen.add(name);
    members.push({ name, choice: { kind: 'offer', offer }, weight: 1, priority: 0 });
  }
  return members;
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

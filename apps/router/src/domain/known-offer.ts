import type { CandidateFacts } from '@aisbf/contracts';
import type { Cooldown } from './health.js';
import { isAboveImport } from './import-offer.js';
import type { Line } from './line.js';
import type { Offer } from './offer.js';
import { isAlwaysOpen } from './provider-policy.js';
import type { Roster } from './roster.js';
import type { PresentSession } from './session-index.js';
import type { RejectionReason, Upstream, WantedDoor } from './upstream.js';
import type { WorkersTogether } from './workers-together.js';

/** Who can serve an offer. */
export type Upstreams = Readonly<{
  /** The most willing first. */
  usable: Line<Upstream>;
  /** Those of them that have failed at some time, as far as that is remembered; all others are well. */
  remembered: readonly Remembered[];
  /** Why others cannot, each once. */
  reasons: readonly RejectionReason[];
}>;

export type Remembered = Upstream & Readonly<{ cooldown: Cooldown }>;

/** One machine as it is while nothing is remembered of it, and the name of its health. */
export type Single = Readonly<{ upstream: Upstream; healthKey: string; upstreams: Upstreams }>;

/** What follows from an offer of a hosted API and the endpoint that is wanted. */
export type KnownHosted = Readonly<{ wanted: WantedDoor }> &
  (Readonly<{ single: Single }> | Readonly<{ rejection: RejectionReason }>);

/** What follows from an offer and the list of its workers alone. Whoever comes, goes or changes makes another list. */
export type KnownSessions = {
  readonly sessions: readonly PresentSession[];
  readonly roster: Roster;
  /** Where it has one machine, which suits whatever asks for no more than the roster says. */
  single: Single | undefined;
  /** What they are together, where each of them suits such a request. */
  together: WorkersTogether | undefined;
};

/** What of an offer is the same for all its machines and every request. */
export type ToldOffer = Pick<
  CandidateFacts,
  'name' | 'source' | 'isDiscreet' | 'region' | 'prices'
>;

/** An offer, and what was found out about it: most requests ask about offers that others have asked about. */
export type KnownOffer = {
  readonly offer: Offer;
  /** Neither what it is nor its owner's policy ever stand in the way. */
  readonly isOpen: boolean;
  /** What candidates of selections are told of it. */
  told: ToldOffer | undefined;
  hosted: KnownHosted | undefined;
  sessions: KnownSessions | undefined;
};

/** An offer is one object for as long as its terms hold, and what is known of it goes with it. */
const kept = new WeakMap<Offer, KnownOffer>();

export function knownOffer(offer: Offer): KnownOffer {
  const known = kept.get(offer);
  if (known) return known;
  const isOpen =
    offer.provider.isEnabled && !offer.isPaused && !isAboveImport(offer) && isAlwaysOpen(offer);
  const made = { offer, isOpen, told: undefined, hosted: undefined, sessions: undefined };
  kept.set(offer, made);
  return made;
}

import type { KnownOffer, KnownSessions } from './known-offer.js';
import type { Offer } from './offer.js';
import { isForAll, isOfKind, rosterOf } from './roster.js';
import type { SessionDemands } from './session-fit.js';
import type { PresentSession } from './session-index.js';
import { type RejectionReason, workerRejection } from './upstream.js';

/** Which of its provider's workers suit a request for an offer. */
export type FitWorkers = Readonly<{
  fit: readonly PresentSession[];
  /** Why the others do not, each once. */
  reasons: readonly RejectionReason[];
  /** Where all of them do, what was found out about them together. */
  kept: KnownSessions | undefined;
}>;

const noReasons: readonly RejectionReason[] = [];

export function fitWorkers(
  known: KnownOffer,
  sessions: readonly PresentSession[],
  demands: SessionDemands,
): FitWorkers {
  const kept = sessionsKnown(known, sessions, demands);
  if (isForAll(kept.roster, demands)) return { fit: sessions, reasons: noReasons, kept };
  return { ...judged(known.offer, sessions, demands), kept: undefined };
}

/** Whoever comes, goes or changes makes another list. */
function sessionsKnown(
  known: KnownOffer,
  sessions: readonly PresentSession[],
  demands: SessionDemands,
): KnownSessions {
  const { sessions: kept } = known;
  if (kept?.sessions === sessions && isOfKind(kept.roster, demands)) return kept;
  const roster = rosterOf(sessions, known.offer.model, demands);
  const made = { sessions, roster, single: undefined, together: undefined };
  known.sessions = made;
  return made;
}

/** Each by what its own worker says. */
function judged(offer: Offer, sessions: readonly PresentSession[], demands: SessionDemands) {
  const fit: PresentSession[] = [];
  let reasons = noReasons;
  for (const present of sessions) {
    const reason = workerRejection(offer, present.session, demands);
    if (!reason) fit.push(present);
    else if (!reasons.includes(reason)) reasons = [...reasons, reason];
  }
  return { fit, reasons };
}

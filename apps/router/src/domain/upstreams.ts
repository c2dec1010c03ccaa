import { healthKey } from './health.js';
import { type Line, LineOf } from './line.js';
import type { Offer } from './offer.js';
import { isForAll, isOfKind, type Roster, rosterOf } from './roster.js';
import { type SessionDemands, sessionRejection } from './session-fit.js';
import type { PresentSession } from './session-index.js';
import { sessionOrder } from './session-order.js';
import { standingOf } from './standing.js';
import {
  offerRejection,
  type RejectionReason,
  type Surroundings,
  type Target,
  type Upstream,
} from './upstream.js';
import type { RandomSource } from './weighted-order.js';

/** Who can serve an offer. */
export type Upstreams = Readonly<{
  /** The most willing first. */
  usable: Line<Upstream>;
  /** Those of them that have failed at some time, as far as that is remembered; all others are well. */
  remembered: readonly Upstream[];
  /** Why others cannot, each once. */
  reasons: readonly RejectionReason[];
}>;

/** What follows from an offer and the list of its workers alone. Whoever comes, goes or changes makes another list. */
type Kept = {
  readonly sessions: readonly PresentSession[];
  readonly roster: Roster;
  /** Where it has one machine, of which nothing is remembered. */
  alone: Upstreams | undefined;
};

const keptHosted = new WeakMap<Offer, Upstreams>();
const keptSessions = new WeakMap<Offer, Kept>();
const nobody: readonly Upstream[] = [];
const noReasons: readonly RejectionReason[] = [];

/** What a request brings along. */
type Asking = Readonly<{ around: Surroundings; demands: SessionDemands; random: RandomSource }>;

/** Everybody who can serve an offer, and why the others cannot. */
export function upstreamsOf(offer: Offer, asking: Asking): Upstreams {
  const { around, demands } = asking;
  const rejection = offerRejection(offer, demands, around);
  if (rejection) return rejected([rejection]);
  const { source } = offer.provider;
  if (source.kind === 'coderai') return sessionUpstreams(offer, asking);
  const isBlank = hasBlankRecord(offer, around);
  const known = isBlank ? keptHosted.get(offer) : undefined;
  if (known) return known;
  const modelThere = source.models.get(offer.model);
  if (modelThere === undefined) return rejected(['not_offered']);
  if (source.headers === null) return rejected(['credential_unreadable']);
  const url = source.dialUrl ?? source.baseUrl;
  const target = { kind: 'http', url, headers: source.headers } as const;
  const found = standing({ offer, modelThere }, [target], around);
  if (isBlank) keptHosted.set(offer, found);
  return found;
}

function sessionUpstreams(offer: Offer, { around, demands, random }: Asking): Upstreams {
  const sessions = around.sessionsOf(offer.provider.id);
  if (sessions.length === 0) return rejected(['no_live_session']);
  const kept = keptFor(offer, sessions, demands);
  const from = { offer, modelThere: offer.model };
  if (!isForAll(kept.roster, demands)) {
    const { fit, reasons } = judged(offer.model, sessions, demands);
    return { ...standing(from, asTargets(sessionOrder(fit, random)), around), reasons };
  }
  const isAlone = sessions.length === 1 && hasBlankRecord(offer, around);
  if (isAlone && kept.alone) return kept.alone;
  const found = standing(from, asTargets(sessionOrder(sessions, random)), around);
  if (isAlone) kept.alone = found;
  return found;
}

function keptFor(offer: Offer, sessions: readonly PresentSession[], demands: SessionDemands): Kept {
  const known = keptSessions.get(offer);
  if (known?.sessions === sessions && isOfKind(known.roster, demands)) return known;
  const roster = rosterOf(sessions, offer.model, demands);
  const made = { sessions, roster, alone: undefined };
  keptSessions.set(offer, made);
  return made;
}

/** Each by what its own worker says. */
function judged(model: string, sessions: readonly PresentSession[], demands: SessionDemands) {
  const fit: PresentSession[] = [];
  let reasons = noReasons;
  for (const present of sessions) {
    const reason = sessionRejection(model, present.session, demands);
    if (!reason) fit.push(present);
    else if (!reasons.includes(reason)) reasons = [...reasons, reason];
  }
  return { fit, reasons };
}

function asTargets(order: Line<PresentSession>): Line<Target> {
  return new LineOf(order, (present) => ({ kind: 'session', present }));
}

/** Those of whom nothing is remembered are made only when somebody asks for them. */
function standing(
  from: Pick<Upstream, 'offer' | 'modelThere'>,
  targets: Line<Target>,
  around: Surroundings,
): Upstreams {
  const { offer, modelThere } = from;
  if (hasBlankRecord(offer, around)) {
    const make = (target: Target) => ({ offer, modelThere, target, coolUntilMs: 0 });
    return { usable: new LineOf(targets, make), remembered: nobody, reasons: noReasons };
  }
  const remembered: Upstream[] = [];
  const usable: Upstream[] = [];
  for (const target of targets) {
    const sessionId = target.kind === 'session' ? target.present.session.sessionId : null;
    const known = around.cooldownOf(healthKey(offer.provider.id, modelThere, sessionId));
    const upstream = { offer, modelThere, target, ...standingOf(known, around.nowMs) };
    usable.push(upstream);
    if (known) remembered.push(upstream);
  }
  return { usable, remembered, reasons: noReasons };
}

/** Nothing is remembered of any machine of its provider. */
function hasBlankRecord({ provider }: Offer, { hasCooldowns }: Surroundings): boolean {
  return hasCooldowns?.(provider.id) === false;
}

function rejected(reasons: readonly RejectionReason[]): Upstreams {
  return { usable: nobody, remembered: nobody, reasons };
}

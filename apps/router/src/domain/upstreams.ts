import type { EndpointName } from '@aisbf/contracts';
import type { HttpSource } from './catalogue.js';
import { healthKey } from './health.js';
import { type Line, LineOf } from './line.js';
import type { Offer } from './offer.js';
import { isForAll, isOfKind, type Roster, rosterOf } from './roster.js';
import { type SessionDemands, sessionEndpoint } from './session-fit.js';
import type { PresentSession } from './session-index.js';
import { sessionOrder } from './session-order.js';
import { standingOf } from './standing.js';
import {
  hostedDoor,
  offerRejection,
  type RejectionReason,
  type Surroundings,
  type Upstream,
  workerRejection,
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

/** What follows from an offer of a hosted API and the endpoint that is wanted. */
type KeptHosted = Readonly<{ wanted: EndpointName; upstreams: Upstreams }>;

const keptHosted = new WeakMap<Offer, KeptHosted>();
const keptSessions = new WeakMap<Offer, Kept>();
const nobody: readonly Upstream[] = [];
const noReasons: readonly RejectionReason[] = [];

/** What a request brings along. */
export type Asking = Readonly<{
  around: Surroundings;
  demands: SessionDemands;
  random: RandomSource;
}>;

/** Everybody who can serve an offer, and why the others cannot. */
export function upstreamsOf(offer: Offer, asking: Asking): Upstreams {
  const { around, demands } = asking;
  const rejection = offerRejection(offer, demands, around);
  if (rejection) return rejected([rejection]);
  const { source } = offer.provider;
  return source.kind === 'coderai'
    ? sessionUpstreams(offer, asking)
    : hostedUpstreams(offer, source, asking);
}

function hostedUpstreams(offer: Offer, source: HttpSource, { around, demands }: Asking): Upstreams {
  const { endpoint: wanted } = demands;
  const isBlank = hasBlankRecord(offer, around);
  const known = isBlank ? keptHosted.get(offer) : undefined;
  if (known?.wanted === wanted) return known.upstreams;
  const door = hostedDoor(source, offer.model, wanted);
  if (typeof door === 'string') return rejected([door]);
  const { modelThere, headers, endpoint } = door;
  const target = { kind: 'http', url: source.dialUrl ?? source.baseUrl, headers } as const;
  const upstreams = standing({ offer, modelThere }, [{ endpoint, target }], around);
  if (isBlank) keptHosted.set(offer, { wanted, upstreams });
  return upstreams;
}

function sessionUpstreams(offer: Offer, { around, demands, random }: Asking): Upstreams {
  const sessions = around.sessionsOf(offer.provider.id);
  if (sessions.length === 0) return rejected(['no_live_session']);
  const kept = keptFor(offer, sessions, demands);
  const isForEach = isForAll(kept.roster, demands);
  const isAlone = isForEach && sessions.length === 1 && hasBlankRecord(offer, around);
  if (isAlone && kept.alone) return kept.alone;
  const { fit, reasons } = isForEach
    ? { fit: sessions, reasons: noReasons }
    : judged(offer, sessions, demands);
  const doors = asDoors(sessionOrder(fit, random), demands);
  const found = { ...standing({ offer, modelThere: offer.model }, doors, around), reasons };
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

/** Where a machine is reached, and by which endpoint. */
type Door = Pick<Upstream, 'endpoint' | 'target'>;

function asDoors(order: Line<PresentSession>, demands: SessionDemands): Line<Door> {
  return new LineOf(order, (present) => ({
    endpoint: sessionEndpoint(present.session, demands) ?? demands.endpoint,
    target: { kind: 'session', present },
  }));
}

/** Those of whom nothing is remembered are made only when somebody asks for them. */
function standing(
  { offer, modelThere }: Pick<Upstream, 'offer' | 'modelThere'>,
  doors: Line<Door>,
  around: Surroundings,
): Upstreams {
  if (hasBlankRecord(offer, around)) {
    const make = (door: Door) => ({ offer, modelThere, ...door, coolUntilMs: 0 });
    return { usable: new LineOf(doors, make), remembered: nobody, reasons: noReasons };
  }
  const remembered: Upstream[] = [];
  const usable: Upstream[] = [];
  for (const door of doors) {
    const sessionId = door.target.kind === 'session' ? door.target.present.session.sessionId : null;
    const key = healthKey(offer.provider.id, modelThere, sessionId, door.endpoint);
    const known = around.cooldownOf(key);
    const upstream = { offer, modelThere, ...door, ...standingOf(known, around.nowMs) };
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

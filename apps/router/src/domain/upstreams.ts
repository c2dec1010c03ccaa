import type { HttpSource } from './catalogue.js';
import { fitWorkers } from './fit-workers.js';
import type { KnownHosted, KnownOffer, Single, Upstreams } from './known-offer.js';
import { type Line, LineOf } from './line.js';
import type { Offer } from './offer.js';
import { knownRejection } from './offer-rejection.js';
import { type SessionDemands, sessionEndpoint } from './session-fit.js';
import type { PresentSession } from './session-index.js';
import { sessionOrder } from './session-order.js';
import { standingOf } from './standing.js';
import {
  hasBlankRecord,
  healthKeyOf,
  hostedDoor,
  type RejectionReason,
  type Surroundings,
  type Upstream,
  type WantedDoor,
} from './upstream.js';
import type { RandomSource } from './weighted-order.js';

const nothingRemembered: Upstreams['remembered'] = [];
const nobody: readonly Upstream[] = [];
const noReasons: readonly RejectionReason[] = [];

/** What a request brings along. */
export type Asking = Readonly<{
  around: Surroundings;
  demands: SessionDemands;
  random: RandomSource;
}>;

/** Everybody who can serve an offer, and why the others cannot. */
export function upstreamsOf(known: KnownOffer, asking: Asking): Upstreams {
  const rejection = knownRejection(known, asking.demands, asking.around);
  if (rejection) return rejected([rejection]);
  const { source } = known.offer.provider;
  return source.kind === 'coderai'
    ? sessionUpstreams(known, asking)
    : hostedUpstreams(known, source, asking);
}

function hostedUpstreams(
  known: KnownOffer,
  source: HttpSource,
  { around, demands }: Asking,
): Upstreams {
  const hosted = hostedOf(known, source, demands);
  return 'single' in hosted ? asRemembered(hosted.single, around) : rejected([hosted.rejection]);
}

/** How a hosted API is asked for this endpoint, or why it cannot be. */
export function hostedOf(
  known: KnownOffer,
  source: HttpSource,
  { endpoint, isAsItCame = false }: WantedDoor,
): KnownHosted {
  const { hosted } = known;
  const isKnown = hosted?.wanted.endpoint === endpoint && hosted.wanted.isAsItCame === isAsItCame;
  if (isKnown) return hosted;
  const made = hostedFor(known.offer, source, { endpoint, isAsItCame });
  known.hosted = made;
  return made;
}

function hostedFor(offer: Offer, source: HttpSource, wanted: WantedDoor): KnownHosted {
  const door = hostedDoor(source, offer.model, wanted);
  if (typeof door === 'string') return { wanted, rejection: door };
  const { modelThere, headers, endpoint } = door;
  const target = { kind: 'http', url: source.dialUrl ?? source.baseUrl, headers } as const;
  return { wanted, single: singleOf({ offer, modelThere, endpoint, target, coolUntilMs: 0 }) };
}

function sessionUpstreams(known: KnownOffer, { around, demands, random }: Asking): Upstreams {
  const { offer } = known;
  const sessions = around.sessionsOf(offer.provider.id);
  const [first] = sessions;
  if (!first) return rejected(['no_live_session']);
  const { fit, reasons, kept } = fitWorkers(known, sessions, demands);
  if (kept && sessions.length === 1) {
    kept.single ??= singleOf(asUpstream(offer, first, demands));
    return asRemembered(kept.single, around);
  }
  const order = sessionOrder(fit, random);
  const upstreams = new LineOf(order, (present) => asUpstream(offer, present, demands));
  return { ...standing(upstreams, offer, around), reasons };
}

/** One of its machines, as it is while nothing is remembered of it. */
function asUpstream(offer: Offer, present: PresentSession, demands: SessionDemands): Upstream {
  return {
    ...{ offer, modelThere: offer.model },
    endpoint: sessionEndpoint(present.session, demands) ?? demands.endpoint,
    target: { kind: 'session', present },
    coolUntilMs: 0,
  };
}

function singleOf(upstream: Upstream): Single {
  const upstreams = { usable: [upstream], remembered: nothingRemembered, reasons: noReasons };
  return { upstream, healthKey: healthKeyOf(upstream), upstreams };
}

function asRemembered({ upstream, healthKey, upstreams }: Single, around: Surroundings): Upstreams {
  const cooldown = hasBlankRecord(upstream.offer, around)
    ? undefined
    : around.cooldownOf(healthKey);
  if (!cooldown) return upstreams;
  const remembered = [{ ...upstream, ...standingOf(cooldown, around.nowMs), cooldown }];
  return { usable: remembered, remembered, reasons: noReasons };
}

/** Those of whom nothing is remembered are made only when somebody asks for them. */
function standing(
  all: Line<Upstream>,
  offer: Offer,
  around: Surroundings,
): Omit<Upstreams, 'reasons'> {
  if (hasBlankRecord(offer, around)) return { usable: all, remembered: nothingRemembered };
  const remembered: Upstreams['remembered'][number][] = [];
  const usable = Array.from(all, (one) => {
    const cooldown = around.cooldownOf(healthKeyOf(one));
    if (!cooldown) return one;
    const known = { ...one, ...standingOf(cooldown, around.nowMs), cooldown };
    remembered.push(known);
    return known;
  });
  return { usable, remembered };
}

function rejected(reasons: readonly RejectionReason[]): Upstreams {
  return { usable: nobody, remembered: nothingRemembered, reasons };
}

import { type EndpointName, endpointAskedBy, type SessionPresence } from '@aisbf/contracts';
import { type HttpSource, labelOf } from './catalogue.js';
import { type Cooldown, healthKey } from './health.js';
import { isAboveImport } from './import-offer.js';
import type { Offer } from './offer.js';
import type { Pace } from './pace.js';
import { isTooDear } from './price-limit.js';
import { type PolicyRejection, policyRejection } from './provider-policy.js';
import { importRouteOf } from './route-name.js';
import {
  type SessionDemands,
  type SessionRejection,
  sessionEndpoint,
  sessionRejection,
} from './session-fit.js';
import type { PresentSession } from './session-index.js';
import { sessionOrder } from './session-order.js';
import { type Standing, standingOf } from './standing.js';
import { isStudioAllowed, servedTemplate } from './studio-endpoint.js';
import type { RandomSource } from './weighted-order.js';
import { type WishRejection, wishRejection } from './wish-rejection.js';

/** One machine or endpoint that can serve an offer. */
export type Upstream = Standing &
  Readonly<{
    offer: Offer;
    /** What to put into `model` of the body. */
    modelThere: string;
    /** By which endpoint it is asked. */
    endpoint: EndpointName;
    target:
      | Readonly<{ kind: 'http'; url: string; headers: Readonly<Record<string, string>> }>
      | Readonly<{ kind: 'session'; present: PresentSession }>;
  }>;

/** The name under which its health is known. */
export function healthKeyOf({ offer, modelThere, endpoint, target }: Upstream): string {
  const sessionId = target.kind === 'session' ? target.present.session.sessionId : null;
  return healthKey(offer.provider.id, modelThere, sessionId, endpoint);
}

/** The same however it was come upon: directly, or through an import. */
export function placeOf({ offer, target }: Upstream): string {
  const sessionId = target.kind === 'session' ? target.present.session.sessionId : '';
  return `${offer.provider.id} ${offer.model} ${sessionId}`;
}

/** Why somebody who could have been asked was not. Shown to the buyer: add, never rename. */
export type RejectionReason =
  | SessionRejection
  | WishRejection
  | PolicyRejection
  | RateRejection
  | 'disabled'
  | 'paused_for_usage'
  | 'price_above_max'
  | 'price_above_import_max'
  | 'not_private'
  | 'no_live_session'
  | 'credential_unreadable';

/** Its owner lets no more of this buyer's requests in at the moment, or it cannot be said whether. */
export type RateRejection = 'rate_reached' | 'rate_unknown';

export type UpstreamRejection = Readonly<{
  providerLabel: string;
  model: string;
  reason: RejectionReason;
  /** The import by way of which it was considered. */
  import?: string;
}>;

/** What is known from outside the catalogue, at the moment of planning. */
export type Surroundings = Readonly<{
  sessionsOf: (providerId: string) => readonly PresentSession[];
  cooldownOf: (healthKey: string) => Cooldown | undefined;
  /** How fast a provider's model was of late, by whomever of its machines; by chat where no endpoint is named. */
  paceOf: (providerId: string, model: string, endpoint?: EndpointName) => Pace | undefined;
  /** Why this request may not ask a provider of others. */
  barredOf?: (providerId: string) => RateRejection | undefined;
  nowMs: number;
}>;

export type Upstreams = Readonly<{
  /** The most willing first. */
  usable: readonly Upstream[];
  rejections: readonly UpstreamRejection[];
}>;

/** Everybody who can serve an offer, and why the others cannot: one rejection a provider and reason. */
export function upstreamsOf(
  offer: Offer,
  around: Surroundings,
  demands: SessionDemands,
  random: RandomSource,
): Upstreams {
  const rejection = offerRejection(offer, demands, around);
  if (rejection) return rejected(offer, [rejection]);
  const { source } = offer.provider;
  if (source.kind === 'coderai') return sessionUpstreams(offer, around, demands, random);
  const door = hostedDoor(source, offer.model, demands.endpoint);
  if (typeof door === 'string') return rejected(offer, [door]);
  const { modelThere, headers, endpoint } = door;
  const target = { kind: 'http', url: source.dialUrl ?? source.baseUrl, headers } as const;
  const key = healthKey(offer.provider.id, modelThere, null, endpoint);
  const standing = standingNow(key, around);
  return { usable: [{ offer, modelThere, endpoint, target, ...standing }], rejections: [] };
}

/** What a hosted model is called and asked by there, and what opens the door; or why it cannot be asked. */
export function hostedDoor(
  { models, headers, endpoints }: HttpSource,
  model: string,
  wanted: EndpointName,
) {
  const modelThere = models.get(model);
  if (modelThere === undefined) return 'not_offered';
  if (wanted === 'studio') return 'endpoint_unsupported';
  const endpoint = endpointAskedBy(wanted, endpoints ? (name) => endpoints.has(name) : null);
  if (!endpoint) return 'endpoint_unsupported';
  return headers === null ? 'credential_unreadable' : { modelThere, headers, endpoint };
}

/** Why an offer cannot serve whatever its workers are. What waiting would not mend comes first. */
export function offerRejection(
  offer: Offer,
  demands: SessionDemands,
  { nowMs, barredOf }: Pick<Surroundings, 'nowMs' | 'barredOf'>,
): RejectionReason | undefined {
  const { provider, isPaused, prices } = offer;
  const unwanted = wishRejection(offer, demands.preferences);
  if (unwanted) return unwanted;
  if (isAboveImport(offer)) return 'price_above_import_max';
  if (isTooDear(prices, demands)) return 'price_above_max';
  if (!provider.isEnabled) return 'disabled';
  if (isPaused) return 'paused_for_usage';
  return policyRejection(offer, demands.endpoint, nowMs) ?? barredOf?.(provider.id);
}

function sessionUpstreams(
  offer: Offer,
  around: Surroundings,
  demands: SessionDemands,
  random: RandomSource,
): Upstreams {
  const sessions = around.sessionsOf(offer.provider.id);
  const reasons: RejectionReason[] = [];
  const fit: { load: SessionPresence; present: PresentSession }[] = [];
  for (const present of sessions) {
    const { session } = present;
    const reason = whyNot(offer, session, demands);
    if (reason) reasons.push(reason);
    else fit.push({ load: session, present });
  }
  if (sessions.length === 0) reasons.push('no_live_session');
  const usable = sessionOrder(fit, random).map(({ present }): Upstream => {
    const { model: modelThere } = offer;
    const endpoint = sessionEndpoint(present.session, demands) ?? demands.endpoint;
    const key = healthKey(offer.provider.id, modelThere, present.session.sessionId, endpoint);
    const target = { kind: 'session', present } as const;
    return { offer, modelThere, endpoint, target, ...standingNow(key, around) };
  });
  return { usable, rejections: rejected(offer, reasons).rejections };
}

/** Why a worker cannot serve an offer: it cannot at all, or its owner does not let others call this path. */
export function whyNot(
  offer: Offer,
  session: SessionPresence,
  demands: SessionDemands,
): SessionRejection | PolicyRejection | undefined {
  return (
    sessionRejection(offer.model, session, demands) ?? studioRejection(offer, session, demands)
  );
}

/** Own capacity is always allowed. */
function studioRejection(
  { isOwn, provider }: Offer,
  { endpoints }: SessionPresence,
  { endpoint, studioPath }: SessionDemands,
): PolicyRejection | undefined {
  if (endpoint !== 'studio' || isOwn) return undefined;
  const template = servedTemplate(endpoints, studioPath) ?? '';
  return isStudioAllowed(provider.policy, template) ? undefined : 'endpoint_not_allowed';
}

function standingNow(healthKey: string, { cooldownOf, nowMs }: Surroundings): Standing {
  return standingOf(cooldownOf(healthKey), nowMs);
}

function rejected(offer: Offer, reasons: readonly RejectionReason[]): Upstreams {
  const rejections = [...new Set(reasons)].map((reason) => toRejection(offer, reason));
  return { usable: [], rejections };
}

export function toRejection(
  { provider, model, throughImport }: Offer,
  reason: RejectionReason,
): UpstreamRejection {
  return {
    providerLabel: labelOf(provider),
    model,
    reason,
    ...(throughImport && { import: importRouteOf(throughImport) }),
  };
}

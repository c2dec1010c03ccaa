import {
  type EndpointName,
  endpointAskedBy,
  type RequestFacts,
  type SessionPresence,
} from '@aisbf/contracts';
import { type HttpSource, labelOf } from './catalogue.js';
import { type Cooldown, healthKey } from './health.js';
import type { Offer } from './offer.js';
import type { Pace } from './pace.js';
import type { PolicyRejection } from './provider-policy.js';
import { importRouteOf } from './route-name.js';
import { type SessionDemands, type SessionRejection, sessionRejection } from './session-fit.js';
import type { PresentSession } from './session-index.js';
import type { Standing } from './standing.js';
import { isStudioAllowed, servedTemplate } from './studio-endpoint.js';
import type { WishRejection } from './wish-rejection.js';

/** One machine or endpoint that can serve an offer. */
export type Upstream = Standing &
  Readonly<{
    offer: Offer;
    /** What to put into `model` of the body. */
    modelThere: string;
    /** By which endpoint it is asked. */
    endpoint: EndpointName;
    target: Target;
  }>;

type Target =
  | Readonly<{ kind: 'http'; url: string; headers: Readonly<Record<string, string>> }>
  | Readonly<{ kind: 'session'; present: PresentSession }>;

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
  /** Whether `cooldownOf` knows anything of any upstream of a provider. Absent: it may know something of each. */
  hasCooldowns?: (providerId: string) => boolean;
  /** How fast a provider's model was of late, by whomever of its machines; by chat where no endpoint is named. */
  paceOf: (providerId: string, model: string, endpoint?: EndpointName) => Pace | undefined;
  /** Why this request may not ask a provider of others. */
  barredOf?: (providerId: string) => RateRejection | undefined;
  nowMs: number;
}>;

/** By what a request wants to be asked for, and whether it can be by nothing else. */
export type WantedDoor = Readonly<Pick<RequestFacts, 'endpoint' | 'isAsItCame'>>;

/** What a hosted model is called and asked by there, and what opens the door; or why it cannot be asked. */
export function hostedDoor(
  { models, headers, endpoints }: HttpSource,
  model: string,
  { endpoint: wanted, isAsItCame }: WantedDoor,
) {
  const modelThere = models.get(model);
  if (modelThere === undefined) return 'not_offered';
  if (wanted === 'studio') return 'endpoint_unsupported';
  const endpoint = endpointAskedBy(
    wanted,
    endpoints ? (name) => endpoints.has(name) : null,
    isAsItCame,
  );
  if (!endpoint) return 'endpoint_unsupported';
  return headers === null ? 'credential_unreadable' : { modelThere, headers, endpoint };
}

/** Nothing is remembered of any machine of its provider. */
export function hasBlankRecord({ provider }: Offer, { hasCooldowns }: Surroundings): boolean {
  return hasCooldowns?.(provider.id) === false;
}

/** Why one of its workers cannot serve an offer. */
export function workerRejection(
  offer: Offer,
  session: SessionPresence,
  demands: SessionDemands,
): SessionRejection | PolicyRejection | undefined {
  // What waiting would not mend comes first.
  return (
    studioRejection(offer, session, demands) ?? sessionRejection(offer.model, session, demands)
  );
}

/** Of a path that the worker has for this model. Own capacity is always allowed. */
function studioRejection(
  { isOwn, provider, model }: Offer,
  { endpoints, models }: SessionPresence,
  { endpoint, studioPath }: SessionDemands,
): PolicyRejection | undefined {
  if (endpoint !== 'studio' || isOwn || !models.some(({ name }) => name === model)) {
    return undefined;
  }
  const template = servedTemplate(endpoints, studioPath);
  const isAllowed = template === undefined || isStudioAllowed(provider.policy, template);
  return isAllowed ? undefined : 'endpoint_not_allowed';
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

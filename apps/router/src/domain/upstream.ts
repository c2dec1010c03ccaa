import type { SessionPresence } from '@aisbf/contracts';
import { labelOf } from './catalogue.js';
import { type Cooldown, healthKey } from './health.js';
import type { Offer } from './offer.js';
import { isTooDear } from './price-limit.js';
import { type SessionDemands, type SessionRejection, sessionRejection } from './session-fit.js';
import type { PresentSession } from './session-index.js';
import { sessionOrder } from './session-order.js';
import type { RandomSource } from './weighted-order.js';

/** One machine or endpoint that can serve an offer. */
export type Upstream = Readonly<{
  offer: Offer;
  /** What to put into `model` of the body. */
  modelThere: string;
  /** Until when it is asked last; 0 where it is well. */
  coolUntilMs: number;
  target:
    | Readonly<{ kind: 'http'; url: string; headers: Readonly<Record<string, string>> }>
    | Readonly<{ kind: 'session'; present: PresentSession }>;
}>;

/** Why somebody who could have been asked was not. Shown to the buyer: add, never rename. */
export type RejectionReason =
  | SessionRejection
  | 'disabled'
  | 'paused_for_usage'
  | 'price_above_max'
  | 'no_live_session'
  | 'credential_unreadable';

export type UpstreamRejection = Readonly<{
  providerLabel: string;
  model: string;
  reason: RejectionReason;
}>;

/** What is known from outside the catalogue, at the moment of planning. */
export type Surroundings = Readonly<{
  sessionsOf: (providerId: string) => readonly PresentSession[];
  cooldownOf: (healthKey: string) => Cooldown | undefined;
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
  if (!offer.provider.isEnabled) return rejected(offer, ['disabled']);
  if (offer.isPaused) return rejected(offer, ['paused_for_usage']);
  if (isTooDear(offer.prices, demands)) return rejected(offer, ['price_above_max']);
  const { source } = offer.provider;
  if (source.kind === 'coderai') return sessionUpstreams(offer, around, demands, random);
  const modelThere = source.models.get(offer.model);
  if (modelThere === undefined) return rejected(offer, ['not_offered']);
  if (source.headers === null) return rejected(offer, ['credential_unreadable']);
  const target = { kind: 'http', url: source.baseUrl, headers: source.headers } as const;
  const coolUntilMs = coolUntil(offer.provider.id, modelThere, null, around);
  return { usable: [{ offer, modelThere, coolUntilMs, target }], rejections: [] };
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
    const reason = sessionRejection(offer.model, session, demands);
    if (reason) reasons.push(reason);
    else fit.push({ load: session, present });
  }
  if (sessions.length === 0) reasons.push('no_live_session');
  const usable = sessionOrder(fit, random).map(
    ({ present }): Upstream => ({
      offer,
      modelThere: offer.model,
      coolUntilMs: coolUntil(offer.provider.id, offer.model, present.session.sessionId, around),
      target: { kind: 'session', present },
    }),
  );
  return { usable, rejections: rejected(offer, reasons).rejections };
}

function coolUntil(
  providerId: string,
  modelThere: string,
  sessionId: string | null,
  { cooldownOf, nowMs }: Surroundings,
): number {
  const untilMs = cooldownOf(healthKey(providerId, modelThere, sessionId))?.untilMs ?? 0;
  return untilMs > nowMs ? untilMs : 0;
}

function rejected(offer: Offer, reasons: readonly RejectionReason[]): Upstreams {
  const providerLabel = labelOf(offer.provider);
  const rejections = [...new Set(reasons)].map((reason) => ({
    providerLabel,
    model: offer.model,
    reason,
  }));
  return { usable: [], rejections };
}

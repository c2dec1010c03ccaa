import type {
  AutoselectDefinition,
  CandidateFacts,
  EndpointName,
  SessionPresence,
  Source,
} from '@aisbf/contracts';
import { labelOf } from './catalogue.js';
import { healthKey } from './health.js';
import { holdAmountFor } from './hold-amount.js';
import type { Offer } from './offer.js';
import { unknownPace } from './pace.js';
import { toPricesText } from './prices-text.js';
import { importRouteOf } from './route-name.js';
import { type SessionDemands, sessionEndpoint } from './session-fit.js';
import { roomOf } from './session-order.js';
import {
  hostedDoor,
  offerRejection,
  type RejectionReason,
  type Surroundings,
  workerRejection,
} from './upstream.js';

/** What candidates of one request are measured by. */
export type Measuring = Readonly<{
  around: Surroundings;
  demands: SessionDemands;
  outputTokensOf: (model: string) => number;
}>;

/** An offer that can serve, with all that decides for or against it; or why it cannot. */
export type Judged =
  | Readonly<{ facts: CandidateFacts }>
  | Readonly<{ reasons: readonly RejectionReason[] }>;

/** An offer's name does not change, and is long. */
const names = new WeakMap<Offer, string>();

/** As people know it, and unlike every other. */
export function candidateName(offer: Offer): string {
  const known = names.get(offer);
  if (known !== undefined) return known;
  const { provider, model, throughImport } = offer;
  const name = throughImport ? importRouteOf(throughImport) : `${labelOf(provider)}/${model}`;
  names.set(offer, name);
  return name;
}

/** What an offer's owner may be trusted with: one's own, or who promises to keep nothing and to learn nothing. */
export function isDiscreet({ isOwn, provider: { data } }: Offer): boolean {
  return isOwn || (data.isCollected === false && data.isRetained === false);
}

export function judgeOffer(
  offer: Offer,
  qualities: AutoselectDefinition['qualities'],
  measuring: Measuring,
): Judged {
  const { demands, around } = measuring;
  const rejection = offerRejection(offer, demands, around);
  if (rejection) return { reasons: [rejection] };
  const { provider, model } = offer;
  const known = { ...knownOf(offer, measuring), tier: tierOf(model, qualities) };
  if (provider.source.kind === 'openai') {
    const door = hostedDoor(provider.source, model, demands.endpoint);
    if (typeof door === 'string') return { reasons: [door] };
    return { facts: { ...known, ...hostedFacts(door, offer, around) } };
  }
  const { fit, reasons } = sessionsFor(offer, measuring);
  if (fit.length === 0) return { reasons };
  return { facts: { ...known, ...sessionFacts(offer, fit, measuring) } };
}

/** Its workers that could serve, and why the others could not. */
function sessionsFor(offer: Offer, { around, demands }: Measuring) {
  const reasons = new Set<RejectionReason>();
  const fit: SessionPresence[] = [];
  const sessions = around.sessionsOf(offer.provider.id);
  for (const { session } of sessions) {
    const reason = workerRejection(offer, session, demands);
    if (reason) reasons.add(reason);
    else fit.push(session);
  }
  if (sessions.length === 0) reasons.add('no_live_session');
  return { fit, reasons: [...reasons] };
}

/** What is the same for all its machines. */
function knownOf(offer: Offer, { demands, outputTokensOf }: Measuring) {
  const { provider, model, prices } = offer;
  return {
    name: candidateName(offer),
    source: sourceOf(offer),
    isDiscreet: isDiscreet(offer),
    region: provider.data.region,
    prices: toPricesText(prices),
    expectedCost: holdAmountFor([prices], demands, outputTokensOf(model)).toString(),
  };
}

function sourceOf({ isOwn, provider }: Offer): Source {
  if (isOwn) return 'own';
  return provider.source.kind === 'coderai' ? 'workers' : 'hosted';
}

/** Of a hosted model nobody says what it takes, or how busy it is. */
function hostedFacts(
  { modelThere, endpoint }: Readonly<{ modelThere: string; endpoint: EndpointName }>,
  { provider, model }: Offer,
  around: Surroundings,
) {
  const pace = around.paceOf(provider.id, model, endpoint);
  return {
    firstMs: pace?.firstMs?.p50 ?? null,
    tokensPerSecond: pace?.tokensPerS?.p50 ?? null,
    room: null,
    successRate: null,
    isCooling: isCooling(healthKey(provider.id, modelThere, null, endpoint), around),
    contextTokens: null,
    isDeclared: false,
  };
}

/** Any of its workers may get the request: what is promised must hold of each of them. */
function sessionFacts(
  { provider, model }: Offer,
  sessions: readonly SessionPresence[],
  { around, demands }: Measuring,
) {
  const askedBy = (session: SessionPresence) =>
    sessionEndpoint(session, demands) ?? demands.endpoint;
  const [one] = sessions;
  const { firstMs, tokensPerS } =
    around.paceOf(provider.id, model, one && askedBy(one)) ?? unknownPace;
  const models = sessions.flatMap(
    (session) => session.models.find(({ name }) => name === model) ?? [],
  );
  const contexts = models.map(({ contextTokensMax }) => contextTokensMax ?? 0);
  const contextTokens = Math.min(...contexts);
  return {
    firstMs: firstMs?.p50 ?? slowest(sessions),
    tokensPerSecond: tokensPerS?.p50 ?? fastest(sessions),
    room: Math.max(...sessions.map(shareOfRoom)),
    successRate: successRateOf(sessions),
    isCooling: sessions.every((session) =>
      isCooling(healthKey(provider.id, model, session.sessionId, askedBy(session)), around),
    ),
    contextTokens: contextTokens === 0 ? null : contextTokens,
    isDeclared: models.every(
      ({ inputs, hasTools, contextTokensMax }) =>
        contextTokensMax !== null &&
        (!demands.hasTools || hasTools === true) &&
        (demands.inputs ?? []).every((input) => inputs?.includes(input)),
    ),
  };
}

function isCooling(key: string, { cooldownOf, nowMs }: Surroundings): boolean {
  return (cooldownOf(key)?.untilMs ?? 0) > nowMs;
}

function shareOfRoom(session: SessionPresence): number {
  return Math.min(1, Math.max(0, roomOf(session) / session.inFlightMax));
}

function slowest(sessions: readonly SessionPresence[]): number | null {
  const known = sessions.flatMap(({ measured }) => measured?.firstMs ?? []);
  return known.length > 0 ? Math.max(...known) : null;
}

/** A chunk is a token or a few. */
function fastest(sessions: readonly SessionPresence[]): number | null {
  const known = sessions.flatMap(({ measured }) => measured?.chunksPerSecond ?? []);
  return known.length > 0 ? Math.max(...known) : null;
}

function successRateOf(sessions: readonly SessionPresence[]): number | null {
  let [served, requests] = [0, 0];
  for (const { measured } of sessions) {
    served += (measured?.successRate ?? 0) * (measured?.requests ?? 0);
    requests += measured?.requests ?? 0;
  }
  return requests === 0 ? null : Math.min(1, served / requests);
}

function tierOf(model: string, qualities: AutoselectDefinition['qualities']): number {
  const found = qualities.find(({ model: pattern }) =>
    pattern.endsWith('*') ? model.startsWith(pattern.slice(0, -1)) : model === pattern,
  );
  return found?.tier ?? 0;
}

import type { CandidateFacts } from '@aisbf/contracts';
import type { HttpSource } from './catalogue.js';
import { fitWorkers } from './fit-workers.js';
import { healthKey } from './health.js';
import type { KnownOffer, Single } from './known-offer.js';
import { unknownPace } from './pace.js';
import { type SessionDemands, sessionEndpoint } from './session-fit.js';
import type { PresentSession } from './session-index.js';
import { hasBlankRecord, type RejectionReason, type Surroundings } from './upstream.js';
import { hostedOf } from './upstreams.js';
import { workersTogether } from './workers-together.js';

/** What a candidate is told of the machines behind an offer. */
export type MachineFacts = Pick<
  CandidateFacts,
  | 'firstMs'
  | 'tokensPerSecond'
  | 'room'
  | 'successRate'
  | 'isCooling'
  | 'contextTokens'
  | 'isDeclared'
>;

type Unfit = Readonly<{ reasons: readonly RejectionReason[] }>;

type Asked = Readonly<{ around: Surroundings; demands: SessionDemands }>;

/** How the machines behind an offer are at this moment; or why none of them can serve. */
export function machineFacts(known: KnownOffer, asked: Asked): MachineFacts | Unfit {
  const { source } = known.offer.provider;
  return source.kind === 'coderai' ? ofWorkers(known, asked) : ofHosted(known, source, asked);
}

/** Of a hosted model nobody says what it takes, or how busy it is. */
function ofHosted(known: KnownOffer, source: HttpSource, { around, demands }: Asked) {
  const hosted = hostedOf(known, source, demands);
  if ('rejection' in hosted) return { reasons: [hosted.rejection] };
  const { provider, model } = known.offer;
  const { single } = hosted;
  const pace = around.paceOf(provider.id, model, single.upstream.endpoint);
  return {
    firstMs: pace?.firstMs?.p50 ?? null,
    tokensPerSecond: pace?.tokensPerS?.p50 ?? null,
    room: null,
    successRate: null,
    isCooling: isCooling(single, around),
    contextTokens: null,
    isDeclared: false,
  };
}

/** Any of its workers may get the request: what is promised must hold of each of them. */
function ofWorkers(known: KnownOffer, { around, demands }: Asked): MachineFacts | Unfit {
  const { provider, model } = known.offer;
  const sessions = around.sessionsOf(provider.id);
  if (sessions.length === 0) return { reasons: ['no_live_session'] };
  const { fit, reasons, kept } = fitWorkers(known, sessions, demands);
  const [one] = fit;
  if (!one) return { reasons };
  const together = kept?.together ?? workersTogether(fit, model);
  if (kept) kept.together = together;
  const { firstMs, tokensPerS } =
    around.paceOf(provider.id, model, endpointOf(one, demands)) ?? unknownPace;
  return {
    firstMs: firstMs?.p50 ?? together.firstMs,
    tokensPerSecond: tokensPerS?.p50 ?? together.tokensPerSecond,
    room: together.room,
    successRate: together.successRate,
    isCooling: areCooling(known, fit, { around, demands }),
    contextTokens: together.contextTokens,
    isDeclared: together.hasContexts && fit.every((each) => isDeclared(each, model, demands)),
  };
}

/** Whether it says of each thing that a request holds that it takes it. */
function isDeclared(
  { session }: PresentSession,
  model: string,
  { hasTools, inputs = [] }: SessionDemands,
): boolean {
  if (!hasTools && inputs.length === 0) return true;
  const told = session.models.find(({ name }) => name === model);
  return (
    (!hasTools || told?.hasTools === true) &&
    inputs.every((input) => told?.inputs?.includes(input) === true)
  );
}

function areCooling(
  { offer }: KnownOffer,
  workers: readonly PresentSession[],
  { around, demands }: Asked,
): boolean {
  if (hasBlankRecord(offer, around)) return false;
  const { provider, model } = offer;
  return workers.every((each) =>
    isCoolingAt(
      healthKey(provider.id, model, each.session.sessionId, endpointOf(each, demands)),
      around,
    ),
  );
}

function isCooling({ upstream, healthKey }: Single, around: Surroundings): boolean {
  return !hasBlankRecord(upstream.offer, around) && isCoolingAt(healthKey, around);
}

function isCoolingAt(key: string, { cooldownOf, nowMs }: Surroundings): boolean {
  return (cooldownOf(key)?.untilMs ?? 0) > nowMs;
}

function endpointOf({ session }: PresentSession, demands: SessionDemands) {
  return sessionEndpoint(session, demands) ?? demands.endpoint;
}

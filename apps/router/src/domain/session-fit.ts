import type { Preferences, PresentModel, RequestFacts, SessionPresence } from '@aisbf/contracts';
import { isQuantizedAs } from './wish-rejection.js';

/** What a request asks of whoever serves it. */
export type SessionDemands = Pick<
  RequestFacts,
  'bodyBytes' | 'promptTokens' | 'inputs' | 'hasTools' | 'pricesMax' | 'costMax' | 'preferences'
> &
  Partial<Pick<RequestFacts, 'endpoint'>> &
  Readonly<{
    /** What an envelope adds to a body. */
    frameOverheadBytes: number;
    /** A session with more than this waiting is left alone. */
    sessionQueuedMax: number;
  }>;

/** Why a session cannot serve a request. */
export type SessionRejection =
  | 'not_offered'
  | 'suspect'
  | 'draining'
  | 'endpoint_unsupported'
  | 'output_unsupported'
  | 'input_unsupported'
  | 'tools_unsupported'
  | 'context_too_small'
  | 'quantization_differs'
  | 'parameters_unsupported'
  | 'frame_too_large'
  | 'at_capacity';

const chatPath = '/v1/chat/completions';

/**
 * Each session is judged by what its own worker says of the model. What it does not say is no reason to
 * leave it out.
 */
export function sessionRejection(
  name: string,
  session: SessionPresence,
  demands: SessionDemands,
): SessionRejection | undefined {
  const model = session.models.find((one) => one.name === name);
  if (!model) return 'not_offered';
  if (session.state !== 'serving') return session.state;
  if (session.endpoints && !session.endpoints.includes(chatPath)) return 'endpoint_unsupported';
  return modelRejection(model, demands) ?? loadRejection(session, demands);
}

function modelRejection(
  model: PresentModel,
  demands: SessionDemands,
): SessionRejection | undefined {
  const { inputs, outputs, hasTools, contextTokensMax } = model;
  if (outputs && !outputs.includes('text')) return 'output_unsupported';
  if (inputs && demands.inputs?.some((input) => !inputs.includes(input))) {
    return 'input_unsupported';
  }
  if (demands.hasTools && hasTools === false) return 'tools_unsupported';
  const isTooLong = contextTokensMax !== null && demands.promptTokens > contextTokensMax;
  return isTooLong ? 'context_too_small' : wishedOtherwise(model, demands.preferences);
}

function wishedOtherwise(
  { quantization, parameters }: PresentModel,
  wishes: Preferences | undefined,
): SessionRejection | undefined {
  if (!isQuantizedAs(quantization, wishes?.quantizations)) return 'quantization_differs';
  const isHeeded =
    !parameters || (wishes?.parameters?.every((name) => parameters.includes(name)) ?? true);
  return isHeeded ? undefined : 'parameters_unsupported';
}

function loadRejection(
  { frameBytesMax, inFlight, inFlightMax, queued }: SessionPresence,
  { bodyBytes, frameOverheadBytes, sessionQueuedMax }: SessionDemands,
): SessionRejection | undefined {
  if (bodyBytes + frameOverheadBytes > frameBytesMax) return 'frame_too_large';
  return inFlight >= inFlightMax && queued >= sessionQueuedMax ? 'at_capacity' : undefined;
}

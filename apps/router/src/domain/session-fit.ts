import {
  type EndpointName,
  endpointAskedBy,
  endpointOutputs,
  endpointPaths,
  type Preferences,
  type PresentModel,
  type RequestFacts,
  type SessionPresence,
} from '@aisbf/contracts';
import { servedTemplate } from './studio-endpoint.js';
import { isQuantizedAs } from './wish-rejection.js';

/** What a request asks of whoever serves it. */
export type SessionDemands = Pick<
  RequestFacts,
  | 'endpoint'
  | 'studioPath'
  | 'bodyBytes'
  | 'promptTokens'
  | 'units'
  | 'inputs'
  | 'hasTools'
  | 'isAsItCame'
  | 'pricesMax'
  | 'costMax'
  | 'preferences'
> &
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
  if (!sessionEndpoint(session, demands)) return 'endpoint_unsupported';
  // What waiting would not mend comes first.
  const unfit = modelRejection(model, demands);
  if (unfit) return unfit;
  if (demands.bodyBytes + demands.frameOverheadBytes > session.frameBytesMax) {
    return 'frame_too_large';
  }
  return session.state === 'serving' ? loadRejection(session, demands) : session.state;
}

/** By which endpoint a session is asked for this one; undefined where it can be by none. A path of its own it must have named. */
export function sessionEndpoint(
  { endpoints }: Pick<SessionPresence, 'endpoints'>,
  {
    endpoint: wanted,
    studioPath,
    isAsItCame,
  }: Pick<RequestFacts, 'endpoint' | 'studioPath' | 'isAsItCame'>,
): EndpointName | undefined {
  // The brokers' protocol has requests and answers, and nothing that would carry a socket.
  if (wanted === 'realtime') return undefined;
  if (wanted === 'studio') {
    return servedTemplate(endpoints, studioPath) === undefined ? undefined : wanted;
  }
  return endpointAskedBy(
    wanted,
    endpoints ? (name) => endpoints.includes(`/v1${endpointPaths[name]}`) : null,
    isAsItCame,
  );
}

function modelRejection(
  model: PresentModel,
  demands: SessionDemands,
): SessionRejection | undefined {
  const { inputs, outputs, hasTools, contextTokensMax } = model;
  const isGiven = endpointOutputs[demands.endpoint]?.some((output) => outputs?.includes(output));
  if (outputs && isGiven === false) return 'output_unsupported';
  if (inputs && demands.inputs?.some((input) => !inputs.includes(input))) {
    return 'input_unsupported';
  }
  if (demands.hasTools && hasTools === false) return 'tools_unsupported';
  const isTooLong = contextTokensMax !== null && demands.promptTokens > contextTokensMax;
  return isTooLong && hasContext(demands.endpoint)
    ? 'context_too_small'
    : wishedOtherwise(model, demands.preferences);
}

const read: ReadonlySet<string> = new Set(['text', 'embedding', 'score']);

/** Whoever makes pictures, sounds or films has no context that their prompts, and pictures among them, must fit into. */
function hasContext(endpoint: EndpointName): boolean {
  return endpointOutputs[endpoint]?.some((output) => read.has(output)) ?? false;
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
  { inFlight, inFlightMax, queued }: SessionPresence,
  { sessionQueuedMax }: SessionDemands,
): SessionRejection | undefined {
  return inFlight >= inFlightMax && queued >= sessionQueuedMax ? 'at_capacity' : undefined;
}

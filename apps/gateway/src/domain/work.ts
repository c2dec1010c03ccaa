import assert from 'node:assert';
import {
  type Candidate,
  type EndpointName,
  endpointPaths,
  hasSubstitute,
  type RequestFacts,
  type Units,
} from '@aisbf/contracts';
import type { PromptMeter } from '@aisbf/metering';
import type { ApiRequest, Dialect, PromptInput } from '@aisbf/openai';
import { type SignalLimits, signalsOf } from '@aisbf/signals';
import { isAutoselectRoute } from './autoselect-route.js';
import type { BuyerWishes } from './route-wishes.js';
import type { UpstreamBody } from './upstream-body.js';

/** What a request is to upstreams that are asked by one endpoint. */
export type WorkForm = Readonly<{
  endpoint: EndpointName;
  /** What is sent, to whoever calls the model so; undefined where there is nothing but the address. */
  bodyFor: (model: string) => UpstreamBody | undefined;
  /** Headers that its API wants besides, made of those that open the door of a hosted one. */
  headersOf?: (door: Readonly<Record<string, string>>) => Readonly<Record<string, string>>;
  dialect: Dialect;
}>;

/** What one request asks for, whichever endpoint it came to: all that differs between endpoints is said here. */
export type Work = WorkForm & WorkFacts;

type WorkFacts = Readonly<{
  /** The same request to upstreams that lack its endpoint. */
  substitute?: WorkForm;
  request: ApiRequest;
  wishes: BuyerWishes;
  prompt: PromptMeter;
  /** What it uses besides tokens, known before it is served: seconds of the sound that came along. */
  given: Units;
  /** What it holds besides text. */
  inputs: readonly PromptInput[];
  hasTools: boolean;
  bodyBytes: number;
  /** The same for the same request only. */
  hash: () => string;
  /** Where it goes, where that is not its endpoint's own address. */
  address?: WorkAddress;
  /** What is asked for is made later: its answer is not what is paid for. */
  isDeferred?: boolean;
  /** Nobody else is to be asked. */
  only?: Readonly<{ providerId: string; clientId: string | null }>;
  /** How much of it is looked at where a route is selected by it. */
  signalLimits: SignalLimits;
}>;

/** How somebody is asked whom the router has found to serve this endpoint. */
export function formFor(work: Work, endpoint: EndpointName | undefined): WorkForm {
  if (endpoint === undefined || endpoint === work.endpoint) return work;
  if (endpoint === work.substitute?.endpoint) return work.substitute;
  throw new RangeError(`${work.endpoint} cannot be asked for by ${endpoint}`);
}

/** An address with more than a path in it. */
export type WorkAddress = Readonly<{
  method: 'GET' | 'POST' | 'DELETE';
  /** As whoever serves it advertises it. */
  path: string;
  /** What follows `/v1`, for whoever calls the model so. */
  targetFor: (model: string) => string;
  /** In which forms the buyer takes an answer. */
  accept: string;
}>;

/** What the router is told of a request. */
export function factsOf(work: Work, promptTokens: number): RequestFacts {
  const { endpoint, address, request, wishes, inputs, hasTools, signalLimits, isDeferred } = work;
  const routes = [request.model, ...(wishes.facts.fallbacks ?? [])];
  const units = unitsHeld(work);
  return {
    endpoint,
    ...(endpoint === 'studio' && address && { studioPath: address.path }),
    route: request.model,
    isStream: request.isStream,
    bodyBytes: work.bodyBytes,
    promptTokens,
    outputTokensMax: request.outputTokensMax,
    choices: request.choices,
    ...wishes.facts,
    // Of a plain request there is nothing more to say.
    ...(Object.keys(units).length > 0 && { units }),
    ...(inputs.length > 0 && { inputs: [...inputs] }),
    ...(hasTools && { hasTools }),
    ...(isDeferred && { isDeferred }),
    ...(hasSubstitute(endpoint) && !work.substitute && { isAsItCame: true }),
    // Looked at only where something is selected by it.
    ...(routes.some(isAutoselectRoute) && {
      signals: signalsOf(request.body, promptTokens, signalLimits),
    }),
  };
}

/** At a path that only some upstreams have: of a worker's own, or of something that one of them has made. */
export function isAtOwnPath({ endpoint, only }: Work): boolean {
  return endpoint === 'studio' || only !== undefined;
}

/** Where it is sent, to whoever calls the model so. */
export function addressFor({ address, request }: Work, { endpoint }: WorkForm, model: string) {
  if (address) {
    const { method, targetFor, accept } = address;
    return { method, path: targetFor(model), accept };
  }
  assert(endpoint !== 'studio', 'a path of the workers is named');
  const accept = request.isStream ? 'text/event-stream' : 'application/json';
  return { method: 'POST', path: endpointPaths[endpoint], accept } as const;
}

/** Whether a request is for this candidate at all. */
export function isFor({ only }: Work, candidate: Candidate): boolean {
  if (!only) return true;
  const clientId = candidate.kind === 'session' ? candidate.clientId : null;
  return candidate.providerId === only.providerId && clientId === only.clientId;
}

/** All that money is held for besides tokens. */
export function unitsHeld({ given, request }: Pick<Work, 'given' | 'request'>): Units {
  const { output } = request;
  return { ...given, ...(output && { [output.kind]: output.max }) };
}

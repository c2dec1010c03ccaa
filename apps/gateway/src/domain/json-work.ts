import { createHash } from 'node:crypto';
import type { EndpointName, OpenAiEndpoint } from '@aisbf/contracts';
import type { PromptMeter } from '@aisbf/metering';
import {
  type ApiRequest,
  type Dialect,
  hasTools,
  type JsonBody,
  omitting,
  promptInputs,
  type RequestProblem,
  readJsonBody,
  replaceModel,
  withoutMembers,
} from '@aisbf/openai';
import type { SignalLimits } from '@aisbf/signals';
import { type BuyerPlace, bodyAt, type Read } from './buyer-place.js';
import { readRouteWishes } from './route-wishes.js';
import type { UpstreamBody } from './upstream-body.js';
import type { Work, WorkForm } from './work.js';

/** An endpoint whose requests are JSON. */
export type JsonEndpoint<Name extends EndpointName = OpenAiEndpoint> = Readonly<{
  name: Name;
  problemOf: (body: JsonBody) => RequestProblem | undefined;
  toRequest: (body: JsonBody) => ApiRequest;
  promptOf: (body: JsonBody) => PromptMeter;
  dialect: Dialect;
  /** How the same is said to upstreams that lack it. */
  substitute?: Substitute;
}>;

type Substitute = Readonly<{
  endpoint: OpenAiEndpoint;
  /** Undefined of a request that cannot be said so. */
  toBody: (body: JsonBody) => JsonBody | undefined;
  dialect: Dialect;
}>;

/** More than stands around the words of a request where it is said in another way. */
const aroundBytes = 128;

/** What came beside the body, and how much of it is looked at. */
export type ReadingTerms = Readonly<{
  /** Where it came in. */
  place: BuyerPlace;
  sessionHeader: string | undefined;
  signalLimits: SignalLimits;
}>;

/** Reads a request, or says what is wrong with it. */
export function readJsonWork(
  endpoint: JsonEndpoint<EndpointName>,
  written: string,
  { place, sessionHeader, signalLimits }: ReadingTerms,
): Work | RequestProblem {
  const read = readAt(place, endpoint, written);
  if ('code' in read) return read;
  const { text, body } = read;
  const wishes = readRouteWishes(body, sessionHeader);
  if ('code' in wishes) return wishes;
  // What only the market understands is nobody else's business.
  const sent = withoutMembers(text, wishes.ownMembers);
  const substitute = endpoint.substitute && inStead(endpoint.substitute, body, wishes.ownMembers);
  return {
    endpoint: endpoint.name,
    request: endpoint.toRequest(body),
    wishes,
    prompt: endpoint.promptOf(body),
    given: {},
    inputs: promptInputs(body),
    hasTools: hasTools(body),
    bodyBytes: Buffer.byteLength(text) + (substitute ? aroundBytes : 0),
    hash: () => hashOf(endpoint.name, text),
    bodyFor: (model) => jsonBody(() => replaceModel(sent, model)),
    dialect: endpoint.dialect,
    ...(substitute && { substitute }),
    signalLimits,
  };
}

function inStead(
  { endpoint, toBody, dialect }: Substitute,
  body: JsonBody,
  wished: ReadonlySet<string>,
): WorkForm | undefined {
  const said = toBody(body);
  if (!said) return undefined;
  const bodyFor = (model: string) =>
    jsonBody(() => JSON.stringify({ ...omitting(said, wished), model }));
  return { endpoint, bodyFor, dialect };
}

export function jsonBody(open: () => string): UpstreamBody {
  return { contentType: 'application/json', open };
}

/** The body of a request, as it would have come to `/v1`; or what is wrong with it. */
export function readAt(
  place: BuyerPlace,
  { problemOf }: Pick<JsonEndpoint, 'problemOf'>,
  written: string,
): Read | RequestProblem {
  const read = readJsonBody(written);
  if ('problem' in read) return read.problem;
  return problemOf(read.body) ?? bodyAt(place, { text: written, body: read.body });
}

/** The same for the same words to the same endpoint only. */
export function hashOf(endpoint: EndpointName, text: string): string {
  return createHash('sha256').update(`${endpoint}\n`).update(text).digest('hex');
}

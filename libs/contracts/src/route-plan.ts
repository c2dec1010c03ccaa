import { z } from 'zod';
import { EndpointName, StudioPath } from './endpoint.js';
import {
  ClientAddress,
  Count,
  FeeBps,
  Id,
  ModelName,
  NanosText,
  Prices,
  RequestId,
  TimeMs,
  Units,
} from './field.js';
import { Idempotency } from './idempotency.js';
import { Endpoints, modelFacts, Word } from './model-facts.js';
import { Preferences } from './preferences.js';
import { Signals } from './signals.js';

/** What the router needs to know of a request; the body itself stays in the gateway. */
export const RequestFacts = z.strictObject({
  endpoint: EndpointName,
  /** Of `studio`: which. Only workers that advertise it, or a template for it, are asked. */
  studioPath: StudioPath.optional(),
  route: z.string().min(1).max(512),
  /** Routes to be tried after it, in their order. */
  fallbacks: z.array(z.string().min(1).max(512)).max(16).optional(),
  /** What a buyer calls a conversation: its requests go to the same upstream as long as that serves. */
  stickyKey: z.string().min(1).max(256).optional(),
  preferences: Preferences.optional(),
  isStream: z.boolean(),
  bodyBytes: Count,
  promptTokens: Count,
  outputTokensMax: Count.nullable(),
  /** What it may use besides tokens: pictures that are asked for, seconds of sound that came along. */
  units: Units.optional(),
  choices: z.int().min(1).max(128),
  /** The dearest that the buyer takes, by the kind of unit. Absent where it does not mind. */
  pricesMax: Prices.optional(),
  /** What the whole request may cost at most. */
  costMax: NanosText.optional(),
  /** What the prompt holds besides text: `image`, `audio`, `video`. Absent is nothing. */
  inputs: z.array(Word).max(8).optional(),
  /** The model is given tools to call. */
  hasTools: z.boolean().optional(),
  /** It is a line of a batch, which nobody waits for: sellers may take less for it. */
  isBatch: z.boolean().optional(),
  /** What is asked for is made after the answer: its money is held by itself, for as long as that takes. */
  isDeferred: z.boolean().optional(),
  /** It cannot be said by another endpoint, as others of its endpoint can. */
  isAsItCame: z.boolean().optional(),
  /** What was read in the prompt, where a route is one that selects by it. */
  signals: Signals.optional(),
});
export type RequestFacts = z.infer<typeof RequestFacts>;

export const Admit = z.strictObject({
  type: z.literal('admit'),
  requestId: RequestId,
  apiToken: z.string().min(1).max(256),
  /** The user whose path the buyer called (`/api/u/{username}`), or null. */
  pathUsername: z.string().max(64).nullable(),
  /** From where the buyer called; null where that is not known, and then no list of addresses holds it. */
  clientAddress: ClientAddress.nullable().default(null),
  facts: RequestFacts,
  /** Such a request is paid for by a hold of its own, never by a lease. */
  idempotency: Idempotency.optional(),
});
export type Admit = z.infer<typeof Admit>;

const candidateShape = {
  providerId: Id,
  /** As people know it: `owner/provider`. */
  providerLabel: z.string().max(160),
  sellerOwnerId: Id,
  /** What to put into `model` of the body. */
  model: ModelName,
  /** How many output tokens the hold pays for here; null where they cost nothing. */
  outputTokensHeld: Count.nullable(),
  /** How many the buyer's own limit of the cost pays for here; absent where it names none, or nothing costs. */
  outputTokensPayable: Count.optional(),
  /** By which endpoint it is asked; absent is that of the request. */
  endpoint: EndpointName.optional(),
  /** Thinking has a price of its own here, so that it counts also where nobody sees it. */
  isReasoningPriced: z.boolean().optional(),
  /** Which of the request's routes has led here: 0 is its first. Absent where there is only one. */
  routePlace: z.int().min(0).max(16).optional(),
};

/** One machine or endpoint that may serve. Its position in the plan is its name in everything that follows. */
export const Candidate = z.discriminatedUnion('kind', [
  // Gateways outlive routers and the other way round: what a reader does not know it drops.
  z.object({
    ...candidateShape,
    kind: z.literal('http'),
    /** Base URL; the endpoint's path is appended to its path. Its query may open the door. */
    url: z.url().max(8192),
    headers: z.record(z.string().max(128), z.string().max(16_384)),
    /** Offered by the operator itself, who may be let call what lies inside; absent is anybody's. */
    isOfOperator: z.boolean().optional(),
  }),
  z.object({
    ...candidateShape,
    kind: z.literal('session'),
    brokerUrl: z.url().max(2048),
    sessionId: z.string().min(1).max(64),
    sessionEpoch: z.int().min(0),
    /** Which worker it is, whatever its connection is called. */
    clientId: z.string().min(1).max(128).optional(),
  }),
]);
export type Candidate = z.infer<typeof Candidate>;

/** Why somebody who could have been asked was not. */
export const Rejection = z.object({
  providerLabel: z.string().max(160),
  model: z.string().max(256),
  reason: z.string().max(64),
});
export type Rejection = z.infer<typeof Rejection>;

export const Deadlines = z.object({
  /** How long one attempt may take to its first byte. */
  firstByteMs: z.int().min(1),
  /** How long a stream may be silent between two bytes. */
  idleMs: z.int().min(1),
  /** How long the whole request may take. */
  totalMs: z.int().min(1),
});
export type Deadlines = z.infer<typeof Deadlines>;

/** When a request that is short and safe to repeat is sent to the next candidate beside a slow one. */
export const Hedge = z.object({ afterMs: z.int().min(1) });
export type Hedge = z.infer<typeof Hedge>;

/**
 * The router's answer to Admit: money is held, these may serve, in this order. Answers are read by those who are replaced
 * later, so their readers drop what they do not know.
 */
export const Plan = z.object({
  requestId: RequestId,
  holdEpoch: z.int().min(1),
  holdAmount: NanosText,
  /** Where the money is a lease's: what stands in place of a hold. It goes back with the settlement as it is. */
  ticket: z.string().max(65_536).nullable(),
  holdExpiresAtMs: TimeMs,
  candidates: z.array(Candidate).min(1).max(64),
  attemptsMax: z.int().min(1).max(64),
  rejections: z.array(Rejection).max(64),
  deadlines: Deadlines,
  /** Absent: one candidate is asked at a time. */
  hedge: Hedge.optional(),
  /** The same for all requests of one owner, and tells nobody which: a busy worker serves them in turn. */
  buyerMark: z.string().min(1).max(64),
});
export type Plan = z.infer<typeof Plan>;

/** What one candidate costs, fixed at admission. */
export const Terms = z.strictObject({
  providerId: Id,
  providerLabel: z.string().max(160),
  sellerOwnerId: Id,
  model: ModelName,
  prices: Prices,
  feeBps: FeeBps,
});
export type Terms = z.infer<typeof Terms>;

export const ListModels = z.strictObject({
  type: z.literal('list-models'),
  apiToken: z.string().min(1).max(256),
  pathUsername: z.string().max(64).nullable(),
  clientAddress: ClientAddress.nullable().default(null),
});
export type ListModels = z.infer<typeof ListModels>;

/**
 * One line of `GET /v1/models`: a route that this token can call. Gateways outlive routers and the other
 * way round, so a reader drops what it does not know.
 */
export const CallableModel = z.object({
  id: z.string().max(512),
  ownedBy: z.string().max(64),
  createdAtS: z.int().min(0),
  prices: Prices.nullable(),
  /** What requests in batches pay of them, in percent; absent is all. */
  batchPercent: z.int().min(0).max(100).optional(),
  /** Tokens that fit into it, where its workers say so: the least of them. */
  contextLength: z.int().min(1).max(1_000_000_000).optional(),
  /** The rest of what all those workers have in common that say something about it. */
  ...modelFacts,
  endpoints: Endpoints.optional(),
  /** Medians of late: until the first byte of a stream, and its output tokens a second. */
  firstMs: z.number().min(0).optional(),
  tokensPerS: z.number().min(0).optional(),
});
export type CallableModel = z.infer<typeof CallableModel>;
export const CallableModels = z.object({
  models: z.array(CallableModel).max(100_000),
});
export type CallableModels = z.infer<typeof CallableModels>;

import { z } from 'zod';
import { EndpointName } from './endpoint.js';
import { Count, Id, NanosText, RequestId, TimeMs, Units } from './field.js';
import { Outcome, ReportedUsage } from './ledger.js';

/** Something in the catalogue changed; whoever serves an older revision loads anew. */
export const CatalogueChanged = z.strictObject({
  type: z.literal('catalogue-changed'),
  revision: z.int().min(1),
});
export type CatalogueChanged = z.infer<typeof CatalogueChanged>;

/** What one router plans with, told when that changes and now and then. A reader drops what it does not know. */
export const CatalogueServed = z.object({
  type: z.literal('catalogue-served'),
  replicaId: z.string().min(1).max(64),
  /** 0 before the first. */
  revision: z.int().min(0),
  /** It plans no more. */
  isLeaving: z.boolean(),
});
export type CatalogueServed = z.infer<typeof CatalogueServed>;

/**
 * Live sessions of a provider must end. All of them, unless the message narrows it down: `registrationId`
 * to those that came with this registration (or with one that is not known), `clientId` to that machine's.
 */
export const RegistrationRevoked = z.strictObject({
  type: z.literal('registration-revoked'),
  providerId: Id,
  reason: z.enum([
    'provider_disabled',
    'token_rotated',
    'token_revoked',
    'token_expired',
    'client_not_allowed',
  ]),
  registrationId: Id.optional(),
  clientId: z.string().min(1).max(128).optional(),
});
export type RegistrationRevoked = z.infer<typeof RegistrationRevoked>;

/**
 * A router was cut off from the bus, so what it has said of ended registrations may be lost: brokers ask
 * again about all the workers that they have.
 */
export const RegistrationsUnsure = z.strictObject({ type: z.literal('registrations-unsure') });
export type RegistrationsUnsure = z.infer<typeof RegistrationsUnsure>;

/** An API token was revoked or changed: whoever remembers it forgets it. */
export const ApiTokenChanged = z.strictObject({
  type: z.literal('api-token-changed'),
  apiTokenId: Id,
});
export type ApiTokenChanged = z.infer<typeof ApiTokenChanged>;

/** By which endpoint it was asked. Absent is chat: a gateway of before tells of nothing else apart. */
const askedBy = EndpointName.optional();

/**
 * One attempt's end, as the router learns who is healthy and how fast. Gateways and routers are replaced one after the
 * other, so a reader drops what it does not know.
 */
export const AttemptEnded = z.object({
  type: z.literal('attempt-ended'),
  providerId: Id,
  model: z.string().max(256),
  sessionId: z.string().max(64).nullable(),
  endpoint: askedBy,
  isSuccess: z.boolean(),
  reason: z.string().max(64).nullable(),
  retryAfterMs: z.int().min(0).max(86_400_000).nullable(),
  firstByteMs: z.int().min(0).nullable(),
  /** Of a stream: the tokens that have left. Absent where something else than the upstream held them back. */
  outputTokens: Count.optional(),
  /** Of a stream: from the first byte to the last. Absent of an answer that came whole. */
  streamMs: z.int().min(0).optional(),
  atMs: TimeMs,
});
export type AttemptEnded = z.infer<typeof AttemptEnded>;

/** So many go in one message at the most. */
export const attemptsEndedMax = 256;

/** Attempts that ended soon after each other, in their order. */
export const AttemptsEnded = z.object({
  type: z.literal('attempts-ended'),
  ends: z.array(AttemptEnded).min(1).max(attemptsEndedMax),
});
export type AttemptsEnded = z.infer<typeof AttemptsEnded>;

/**
 * A stream goes on well for a while and is not over: what was down is up again, as others need not wait to hear. Only of
 * long ones; a short one tells by its end.
 */
export const AttemptAnswering = z.object({
  type: z.literal('attempt-answering'),
  providerId: Id,
  model: z.string().max(256),
  sessionId: z.string().max(64).nullable(),
  endpoint: askedBy,
  atMs: TimeMs,
});
export type AttemptAnswering = z.infer<typeof AttemptAnswering>;

/** A stream was taken back without a byte of it, since another one was faster: it takes this long at least. No failure. */
export const AttemptOutrun = z.object({
  type: z.literal('attempt-outrun'),
  providerId: Id,
  model: z.string().max(256),
  sessionId: z.string().max(64).nullable(),
  endpoint: askedBy,
  waitedMs: z.int().min(0),
  atMs: TimeMs,
});
export type AttemptOutrun = z.infer<typeof AttemptOutrun>;

/** A request's money has moved, or was given back. */
export const Usage = z.strictObject({
  requestId: RequestId,
  ownerId: Id,
  apiTokenId: Id,
  /** The lease whose money it was, where it was one's. */
  leaseId: z.string().max(64).nullable(),
  sellerOwnerId: Id.nullable(),
  providerId: Id.nullable(),
  model: z.string().max(256).nullable(),
  outcome: Outcome.or(z.literal('expired')),
  hold: NanosText,
  charge: NanosText,
  fee: NanosText,
  units: Units,
  /** The seller's own words, where it had any. */
  reported: ReportedUsage.nullable().optional(),
  atMs: TimeMs,
});
export type Usage = z.infer<typeof Usage>;

/** The requests whose money moved in one commit. From the outbox: published at least once. */
export const UsageSettled = z.strictObject({
  type: z.literal('usage-settled'),
  usages: z.array(Usage).min(1).max(1_000),
});
export type UsageSettled = z.infer<typeof UsageSettled>;

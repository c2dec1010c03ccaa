import { z } from 'zod';
import { ClientAddress, Count, Id, NanosText, RequestId, TimeMs } from './field.js';
import { Rejection, Terms } from './route-plan.js';

/** Asks accounts to set money aside for one request. The request's id is the hold's id. */
export const Authorise = z.strictObject({
  type: z.literal('authorise'),
  requestId: RequestId,
  apiTokenId: Id,
  ownerId: Id,
  amount: NanosText,
  expiresAtMs: TimeMs,
  concurrencyMax: z.int().min(1),
  route: z.string().min(1).max(512),
  isStream: z.boolean(),
  /** In the order of the plan's candidates; a settlement names one by its position. */
  terms: z.array(Terms).min(1).max(64),
  rejections: z.array(Rejection).max(64),
});
export type Authorise = z.infer<typeof Authorise>;

/** Money is held. Anything else is a fault. */
export const Authorised = z.strictObject({
  requestId: RequestId,
  holdEpoch: z.int().min(1),
  amount: NanosText,
  isReplay: z.boolean(),
});
export type Authorised = z.infer<typeof Authorised>;

/** How a request ended, as far as money is concerned. */
export const Outcome = z.enum([
  /** The upstream finished, or stopped at its length limit. */
  'completed',
  /** The buyer hung up after the first byte. */
  'buyer_left',
  /** Nobody served it to an honest end. */
  'seller_failed',
  /** The buyer left, or was refused, before anybody had served a byte. */
  'not_served',
]);
export type Outcome = z.infer<typeof Outcome>;

export const Attempt = z.strictObject({
  /** Which candidate of the plan was asked. */
  position: z.int().min(0).max(63),
  sessionId: z.string().max(64).nullable(),
  sessionEpoch: z.int().min(0).nullable(),
  startedAtMs: TimeMs,
  firstByteAtMs: TimeMs.nullable(),
  endedAtMs: TimeMs,
  result: z.enum(['served', 'failed', 'cancelled']),
  /** Why it failed; null where it served. */
  reason: z.string().max(64).nullable(),
  httpStatus: z.int().min(100).max(599).nullable(),
});
export type Attempt = z.infer<typeof Attempt>;

/** What the seller said it used. An input to check, never the bill. */
export const ReportedUsage = z.strictObject({
  promptTokens: Count,
  completionTokens: Count,
});
export type ReportedUsage = z.infer<typeof ReportedUsage>;

/** Reports how a request ended. May arrive any number of times; the first one counts. */
export const Settle = z.strictObject({
  type: z.literal('settle'),
  requestId: RequestId,
  holdEpoch: z.int().min(1),
  outcome: Outcome,
  /** The position of the candidate that served, where one did. */
  servedPosition: z.int().min(0).max(63).nullable(),
  /** Our own counts. */
  promptTokens: Count,
  completionTokens: Count,
  reported: ReportedUsage.nullable(),
  finishReason: z.string().max(64).nullable(),
  attempts: z.array(Attempt).max(64),
  startedAtMs: TimeMs,
  firstByteAtMs: TimeMs.nullable(),
  endedAtMs: TimeMs,
});
export type Settle = z.infer<typeof Settle>;

export const Settled = z.strictObject({
  requestId: RequestId,
  /** `fenced`: the hold had been taken away by the reaper; nothing was charged, a person looks at it. */
  result: z.enum(['settled', 'released', 'replay', 'fenced']),
  charged: NanosText,
});
export type Settled = z.infer<typeof Settled>;

/** What one request did and cost, as its buyer sees it. */
export const Receipt = z.strictObject({
  id: RequestId,
  state: z.enum(['open', 'settled', 'released']),
  outcome: Outcome.or(z.literal('expired')).nullable(),
  route: z.string(),
  isStream: z.boolean(),
  createdAt: z.iso.datetime(),
  settledAt: z.iso.datetime().nullable(),
  servedBy: z
    .strictObject({
      provider: z.string(),
      model: z.string(),
      sessionId: z.string().nullable(),
    })
    .nullable(),
  units: z.strictObject({ promptTokens: z.int(), completionTokens: z.int() }),
  reported: ReportedUsage.nullable(),
  finishReason: z.string().nullable(),
  prices: z.record(z.string(), NanosText).nullable(),
  hold: NanosText,
  charge: NanosText,
  chargeUsd: z.string(),
  timings: z.strictObject({
    firstByteMs: z.int().nullable(),
    totalMs: z.int().nullable(),
  }),
  attempts: z.array(
    z.strictObject({
      provider: z.string(),
      model: z.string(),
      sessionId: z.string().nullable(),
      result: z.string(),
      reason: z.string().nullable(),
      httpStatus: z.int().nullable(),
      firstByteMs: z.int().nullable(),
      totalMs: z.int(),
    }),
  ),
  rejections: z.array(Rejection),
});
export type Receipt = z.infer<typeof Receipt>;

/** Asks for a receipt on behalf of an API token: only its own owner's are found. */
export const GetReceipt = z.strictObject({
  type: z.literal('get-receipt'),
  apiToken: z.string().min(1).max(256),
  clientAddress: ClientAddress.nullable().default(null),
  requestId: RequestId,
});
export type GetReceipt = z.infer<typeof GetReceipt>;

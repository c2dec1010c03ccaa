import { z } from 'zod';
import { Progress } from './checkpoint.js';
import {
  ClientAddress,
  Count,
  FaultBody,
  Id,
  Name,
  NanosText,
  Prices,
  RequestId,
  TimeMs,
  Units,
} from './field.js';
import { Idempotency } from './idempotency.js';
import { Rejection, Terms } from './route-plan.js';
import { SelectionRecord } from './selection-record.js';

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
  /** The key that the buyer has sent along; it is claimed together with the money. */
  idempotency: Idempotency.optional(),
});
export type Authorise = z.infer<typeof Authorise>;

/** Money is held. Anything else is a fault. */
export const Authorised = z.object({
  requestId: RequestId,
  holdEpoch: z.int().min(1),
  amount: NanosText,
  isReplay: z.boolean(),
});
export type Authorised = z.infer<typeof Authorised>;

/** Asks for more to be set aside for a request that runs, so that this candidate can deliver so much in all. */
export const Extend = z.strictObject({
  type: z.literal('extend'),
  requestId: RequestId,
  holdEpoch: z.int().min(1),
  ticket: z.string().max(65_536).nullable(),
  servedPosition: z.int().min(0).max(63),
  units: Units,
  /**
   * Of a session, which may last longer than its hold: until when the money is to stay held. It gets no more once its API
   * token is not good any more. Needs a hold of its own.
   */
  renewUntilMs: TimeMs.optional(),
  /** Of a session: what it has come to, so that this needs no call of its own. Kept whatever the answer is. */
  progress: Progress.optional(),
});
export type Extend = z.infer<typeof Extend>;

/** What is held from now on: as much as was asked for, or as before, and why. */
export const Extended = z.object({
  result: z.enum(['held', 'insufficient_balance', 'budget_exceeded', 'token_revoked']),
  amount: NanosText,
});
export type Extended = z.infer<typeof Extended>;

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
  cachedPromptTokens: Count.optional(),
  reasoningTokens: Count.optional(),
});
export type ReportedUsage = z.infer<typeof ReportedUsage>;

/** Reports how a request ended. May arrive any number of times; the first one counts. */
export const Settle = z.strictObject({
  type: z.literal('settle'),
  requestId: RequestId,
  holdEpoch: z.int().min(1),
  /** Where the money is a lease's: the router's ticket for this request, as it stands in the plan. */
  ticket: z.string().max(65_536).nullable(),
  outcome: Outcome,
  /** The position of the candidate that served, where one did. */
  servedPosition: z.int().min(0).max(63).nullable(),
  /** Our own counts. */
  units: Units,
  reported: ReportedUsage.nullable(),
  finishReason: z.string().max(64).nullable(),
  attempts: z.array(Attempt).max(64),
  startedAtMs: TimeMs,
  firstByteAtMs: TimeMs.nullable(),
  endedAtMs: TimeMs,
});
export type Settle = z.infer<typeof Settle>;

export const Settled = z.object({
  requestId: RequestId,
  /** `fenced`: the hold had been taken away by the reaper; nothing was charged, a person looks at it. */
  result: z.enum(['settled', 'released', 'replay', 'fenced']),
  charged: NanosText,
});
export type Settled = z.infer<typeof Settled>;

/** Many reports in one call; each stands for itself. */
export const SettleAll = z.strictObject({
  type: z.literal('settle-all'),
  settlements: z.array(Settle).min(1).max(100),
});
export type SettleAll = z.infer<typeof SettleAll>;

/** In the order of the reports. */
export const SettledAll = z.object({
  results: z.array(Settled.or(z.object({ fault: FaultBody }))).max(100),
});
export type SettledAll = z.infer<typeof SettledAll>;
/**
 * Takes back a request whose admission was lost on its way: whoever sends this will not serve it. Safe to
 * repeat, and right whether it comes after the hold, before it, or for none at all.
 */
export const Withdraw = z.strictObject({
  type: z.literal('withdraw'),
  requestId: RequestId,
});
export type Withdraw = z.infer<typeof Withdraw>;

export const Withdrawn = z.object({
  requestId: RequestId,
  /** `prevented`: nothing was held, and for this id nothing will be. `replay`: it had ended before. */
  result: z.enum(['released', 'prevented', 'replay']),
});
export type Withdrawn = z.infer<typeof Withdrawn>;

/** What the stream of reports carries: the ends that a gateway could not tell directly. */
export const QueuedReport = z.discriminatedUnion('type', [Settle, Withdraw]);
export type QueuedReport = z.infer<typeof QueuedReport>;

/** What one request did and cost, as its buyer sees it. */
export const Receipt = z.strictObject({
  id: RequestId,
  batchId: z.string().max(64).optional().describe('The batch that it was a line of.'),
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
  units: Units,
  delivered: Units.optional().describe(
    'Where the service itself has failed: all that had been delivered. Only what is among `units` was paid for.',
  ),
  reported: ReportedUsage.nullable(),
  finishReason: z.string().nullable(),
  prices: Prices.nullable(),
  hold: NanosText,
  charge: NanosText,
  chargeUsd: z.string(),
  /** Of the charge: what was given back. */
  refunded: NanosText,
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
  candidates: z
    .array(z.strictObject({ provider: z.string(), model: z.string(), prices: Prices }))
    .default([])
    .describe('Who might have been asked, in that order.'),
  rejections: z.array(Rejection).describe('Who might not, and why.'),
  selections: z
    .array(SelectionRecord)
    .optional()
    .describe('Of each autoselect among the routes: what it has decided, and by what.'),
});
export type Receipt = z.infer<typeof Receipt>;

/** Asks for a receipt on behalf of an API token: only its own owner's are found. */
export const GetReceipt = z.strictObject({
  type: z.literal('get-receipt'),
  apiToken: z.string().min(1).max(256),
  /** Whose own address was called, where it was one's. */
  pathUsername: Name.nullable().default(null),
  clientAddress: ClientAddress.nullable().default(null),
  requestId: RequestId,
});
export type GetReceipt = z.infer<typeof GetReceipt>;

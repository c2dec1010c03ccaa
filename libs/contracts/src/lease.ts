import { z } from 'zod';
import { Id, NanosText, RequestId, TimeMs } from './field.js';
import { Rejection, Terms } from './route-plan.js';

/**
 * An allowance: one hold that covers many requests of one API token, spent in the memory of one router. All
 * figures are totals since the lease was opened, so that a message that comes twice or late does no harm.
 */
const LeaseId = z.string().regex(/^lease_[0-9a-f]{32}$/);

export const OpenLease = z.strictObject({
  type: z.literal('open-lease'),
  leaseId: LeaseId,
  /** The router that will spend it. */
  holder: z.string().min(1).max(64),
  ownerId: Id,
  apiTokenId: Id,
  wanted: NanosText,
  /** How many requests it may have running at once. */
  slots: z.int().min(1).max(100_000),
  concurrencyMax: z.int().min(1),
  /** When what is left of it is taken back: no request that it covers runs longer. */
  expiresAtMs: TimeMs,
});
export type OpenLease = z.infer<typeof OpenLease>;

export const RenewLease = z.strictObject({
  type: z.literal('renew-lease'),
  leaseId: LeaseId,
  /** What the holder wants to be able to issue, in all. */
  issuedMax: NanosText,
});
export type RenewLease = z.infer<typeof RenewLease>;

/** Nothing more is issued: what was not is free at once. */
export const CloseLease = z.strictObject({
  type: z.literal('close-lease'),
  leaseId: LeaseId,
  issued: NanosText,
  issuedCount: z.int().min(0),
});
export type CloseLease = z.infer<typeof CloseLease>;

export const Lease = z.object({
  /** `declined`: there is too little money, or the token may not have one. `closed`: it is over. */
  result: z.enum(['open', 'declined', 'closed']),
  issuedMax: NanosText,
  slots: z.int().min(0),
  settledCount: z.int().min(0),
});
export type Lease = z.infer<typeof Lease>;

/** Whoever holds a lease of this owner gives it back: another request needs the money. */
export const LeaseRecalled = z.strictObject({ type: z.literal('lease-recalled'), ownerId: Id });
export type LeaseRecalled = z.infer<typeof LeaseRecalled>;

/** Nobody will serve this request: the router that has issued money to it from a lease may issue it again. */
export const RequestWithdrawn = z.strictObject({
  type: z.literal('request-withdrawn'),
  requestId: RequestId,
});
export type RequestWithdrawn = z.infer<typeof RequestWithdrawn>;

/** What a router remembers of a request in place of a hold; sealed, it travels with the plan and the settlement. */
export const LeaseTicket = z.strictObject({
  leaseId: LeaseId,
  requestId: RequestId,
  ownerId: Id,
  apiTokenId: Id,
  amount: NanosText,
  route: z.string().min(1).max(512),
  isStream: z.boolean(),
  terms: z.array(Terms).min(1).max(64),
  rejections: z.array(Rejection).max(64),
  createdAtMs: TimeMs,
});
export type LeaseTicket = z.infer<typeof LeaseTicket>;

import { z } from 'zod';
import { Id, Name, NanosText, RequestId } from './field.js';
import type { RestRoute } from './rest-route.js';

/** The part of the REST API under `/api/account` that moves money in and out. */

const Amount = NanosText.refine((text) => BigInt(text || 0) > 0n, 'more than nothing');
const Reason = z.string().min(1).max(500);

export const CreateTopUp = z.strictObject({
  /** The same id again is the same top-up: nothing is paid twice. */
  topUpId: Id,
  /** Whole cents. */
  amount: Amount,
  /** Whether the means of payment may be charged again, by automatic top-ups. */
  savesMethod: z.boolean().default(false),
});
export type CreateTopUp = z.infer<typeof CreateTopUp>;

export const TopUp = z.strictObject({
  id: Id,
  kind: z.enum(['checkout', 'auto']),
  state: z.enum(['created', 'failed', 'paid', 'refunded']),
  amount: NanosText,
  paid: NanosText,
  /** What has gone back, or is on its way. */
  refunded: NanosText,
  /** What a bank has taken back. */
  disputed: NanosText,
  /** Where to pay, while nothing is paid. */
  checkoutUrl: z.string().nullable(),
  failure: z.string().nullable(),
  createdAt: z.iso.datetime(),
  resolvedAt: z.iso.datetime().nullable(),
});
export type TopUp = z.infer<typeof TopUp>;

export const ListTopUps = z.strictObject({
  /** Whose; only an operator may name somebody else. */
  username: Name.optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
  before: z.iso.datetime().optional(),
});
export type ListTopUps = z.infer<typeof ListTopUps>;

export const TopUps = z.strictObject({ topUps: z.array(TopUp) });

export const PutAutoTopUp = z.strictObject({
  isEnabled: z.boolean(),
  /** Charged when less than this is available. */
  threshold: Amount,
  /** Whole cents. */
  amount: Amount,
  /** All that may be charged in a calendar month (UTC). */
  monthlyMax: Amount,
});
export type PutAutoTopUp = z.infer<typeof PutAutoTopUp>;

export const AutoTopUp = z.strictObject({
  isEnabled: z.boolean(),
  threshold: NanosText,
  amount: NanosText,
  monthlyMax: NanosText,
  chargedThisMonth: NanosText,
  /** Charges that failed since the last one that did not. */
  failures: z.int().min(0),
  disabledReason: z.string().nullable(),
});
export type AutoTopUp = z.infer<typeof AutoTopUp>;

export const PromoGrants = z.strictObject({
  promoGrants: z.array(
    z.strictObject({
      id: Id,
      amount: NanosText,
      remaining: NanosText,
      reason: z.string(),
      expiresAt: z.iso.datetime(),
    }),
  ),
});
export type PromoGrants = z.infer<typeof PromoGrants>;

export const RefundTopUp = z.strictObject({
  /** The same id again is the same refund. */
  refundId: Id,
  /** Whole cents. */
  amount: Amount,
  reason: Reason,
});
export type RefundTopUp = z.infer<typeof RefundTopUp>;

export const Refund = z.strictObject({
  id: Id,
  topUpId: Id,
  amount: NanosText,
  /** `submitted`: out of the wallet; the provider is asked until it answers. */
  state: z.enum(['submitted', 'succeeded', 'failed']),
  failure: z.string().nullable(),
  reason: z.string(),
  createdAt: z.iso.datetime(),
});
export type Refund = z.infer<typeof Refund>;

export const RefundRequest = z.strictObject({
  /** The same id again is the same refund. */
  refundId: Id,
  /** All that is left of the charge where it is left out. */
  amount: Amount.optional(),
  reason: Reason,
});
export type RefundRequest = z.infer<typeof RefundRequest>;

export const RequestRefund = z.strictObject({
  id: Id,
  requestId: RequestId,
  amount: NanosText,
  /** Of the amount: what is promotional money again. */
  promo: NanosText,
  reason: z.string(),
  createdAt: z.iso.datetime(),
});
export type RequestRefund = z.infer<typeof RequestRefund>;

export const ListDisputes = z.strictObject({
  limit: z.coerce.number().int().min(1).max(200).default(50),
});
export type ListDisputes = z.infer<typeof ListDisputes>;

export const Disputes = z.strictObject({
  disputes: z.array(
    z.strictObject({
      id: z.string(),
      provider: z.string(),
      topUpId: Id,
      username: Name,
      amount: NanosText,
      reason: z.string(),
      state: z.enum(['inquiry', 'open', 'lost', 'won', 'dismissed']),
      fee: NanosText,
      openedAt: z.iso.datetime(),
    }),
  ),
});
export type Disputes = z.infer<typeof Disputes>;

export const WriteOffDebt = z.strictObject({ writeOffId: Id, username: Name, reason: Reason });
export type WriteOffDebt = z.infer<typeof WriteOffDebt>;

export const DebtWrittenOff = z.strictObject({ writeOffId: Id, amount: NanosText });
export type DebtWrittenOff = z.infer<typeof DebtWrittenOff>;

/** Which provider speaks; its words are its own. */
export const ProviderName = z.enum(['stripe']);
export type ProviderName = z.infer<typeof ProviderName>;

export const PaymentWebhook = z.looseObject({ id: z.string().max(255), type: z.string().max(255) });

export const PaymentWebhookTaken = z.strictObject({
  /** `waiting`: kept until the payment that it is about is known. `refused`: kept for a person. */
  result: z.enum(['done', 'replay', 'waiting', 'ignored', 'refused']),
});
export type PaymentWebhookTaken = z.infer<typeof PaymentWebhookTaken>;

const topUpRoutes: readonly RestRoute[] = [
  {
    method: 'post',
    path: '/api/account/top-ups',
    operationId: 'createTopUp',
    summary: 'Begin to pay into the own wallet',
    description: 'Answers with the page of the payment provider on which to pay.',
    credential: 'manage',
    request: CreateTopUp,
    answer: { status: 201, schema: TopUp },
  },
  {
    method: 'get',
    path: '/api/account/top-ups',
    operationId: 'listTopUps',
    summary: 'Own payments, the newest first',
    credential: 'manage',
    query: ListTopUps,
    answer: { status: 200, schema: TopUps },
  },
  {
    method: 'get',
    path: '/api/account/top-ups/{id}',
    operationId: 'getTopUp',
    summary: 'One of them',
    credential: 'manage',
    pathParameters: { id: Id },
    answer: { status: 200, schema: TopUp },
  },
  {
    method: 'put',
    path: '/api/account/auto-top-up',
    operationId: 'putAutoTopUp',
    summary: 'Say when the saved means of payment is to be charged',
    description: 'Takes one that was saved with an earlier top-up.',
    credential: 'manage',
    request: PutAutoTopUp,
    answer: { status: 200, schema: AutoTopUp },
  },
  {
    method: 'get',
    path: '/api/account/auto-top-up',
    operationId: 'getAutoTopUp',
    summary: 'When it is charged, and what came of it',
    credential: 'manage',
    answer: { status: 200, schema: AutoTopUp },
  },
  {
    method: 'get',
    path: '/api/account/promo-grants',
    operationId: 'listPromoGrants',
    summary: 'Promotional money of one’s own, the first to expire first',
    credential: 'usage',
    answer: { status: 200, schema: PromoGrants },
  },
];

const operatorRoutes: readonly RestRoute[] = [
  {
    method: 'post',
    path: '/api/account/top-ups/{id}/refunds',
    operationId: 'refundTopUp',
    summary: 'Send money back the way it came (operators)',
    description: 'Never more than was paid and has not gone back, nor than is free in the wallet.',
    credential: 'manage',
    pathParameters: { id: Id },
    request: RefundTopUp,
    answer: { status: 201, schema: Refund },
  },
  {
    method: 'post',
    path: '/api/account/receipts/{id}/refunds',
    operationId: 'refundRequest',
    summary: 'Give back what a request cost, or a part of it (operators)',
    credential: 'manage',
    pathParameters: { id: RequestId },
    request: RefundRequest,
    answer: { status: 201, schema: RequestRefund },
  },
  {
    method: 'get',
    path: '/api/account/disputes',
    operationId: 'listDisputes',
    summary: 'Payments that banks take back, the newest first (operators)',
    credential: 'manage',
    query: ListDisputes,
    answer: { status: 200, schema: Disputes },
  },
  {
    method: 'post',
    path: '/api/account/debt-write-offs',
    operationId: 'writeOffDebt',
    summary: 'Give up what an owner owes (operators)',
    credential: 'manage',
    request: WriteOffDebt,
    answer: { status: 201, schema: DebtWrittenOff },
  },
  {
    method: 'post',
    path: '/api/account/payments/webhook/{provider}',
    operationId: 'takePaymentEvent',
    summary: 'What a payment provider tells',
    description: 'Proven by the signature of the provider over the exact bytes of the body.',
    credential: 'provider-signature',
    pathParameters: { provider: ProviderName },
    headers: z.object({ 'stripe-signature': z.string().optional() }),
    request: PaymentWebhook,
    answer: { status: 200, schema: PaymentWebhookTaken },
  },
];

export const paymentRoutes: readonly RestRoute[] = [...topUpRoutes, ...operatorRoutes];

export const paymentRequests = {
  CreateTopUp,
  PutAutoTopUp,
  RefundTopUp,
  RefundRequest,
  WriteOffDebt,
  PaymentWebhook,
};
export const paymentAnswers = {
  TopUp,
  TopUps,
  AutoTopUp,
  PromoGrants,
  Refund,
  RequestRefund,
  Disputes,
  DebtWrittenOff,
  PaymentWebhookTaken,
};

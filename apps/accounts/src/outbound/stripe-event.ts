import { fromCents } from '@aisbf/money';
import type { Stripe } from 'stripe';
import { z } from 'zod';
import type { PaymentEvent, PaymentNotice } from '../domain/payment-event.js';

/** The metadata by which our own ids come back to us. */
export const topUpIdField = 'aisbf_top_up_id';
export const refundIdField = 'aisbf_refund_id';

const uuid = z.uuid();

/** What an event of Stripe means to us. Its types are of one version of the API; what it sends is checked. */
export function fromStripeEvent(event: Stripe.Event): PaymentNotice {
  return {
    id: event.id,
    type: event.type,
    occurredAt: new Date(event.created * 1000),
    event: meaningOf(event),
  };
}

function meaningOf(event: Stripe.Event): PaymentEvent {
  switch (event.type) {
    case 'payment_intent.succeeded':
    case 'payment_intent.payment_failed':
    case 'payment_intent.canceled':
      return fromPaymentIntent(event.data.object);
    case 'checkout.session.expired':
    case 'checkout.session.async_payment_failed':
      return fromEndedCheckout(event.data.object, event.type);
    case 'refund.created':
    case 'refund.updated':
    case 'refund.failed':
    case 'charge.refund.updated':
      return fromRefund(event.data.object);
    case 'charge.dispute.created':
    case 'charge.dispute.updated':
    case 'charge.dispute.closed':
    case 'charge.dispute.funds_withdrawn':
    case 'charge.dispute.funds_reinstated':
      return fromDispute(event.data.object);
    default:
      return { kind: 'unknown' };
  }
}

/** A payment that is not for a top-up is some other business of the same account. */
export function fromPaymentIntent(intent: Stripe.PaymentIntent): PaymentEvent {
  const topUpId = idIn(intent.metadata, topUpIdField);
  if (topUpId === null) return { kind: 'unknown' };
  switch (intent.status) {
    case 'succeeded':
      return inDollars(intent.currency, () => ({
        kind: 'payment_succeeded',
        topUpId,
        paymentId: intent.id,
        amount: amountOf(intent.amount_received),
        customerId: idOf(intent.customer),
        methodId: idOf(intent.payment_method),
      }));
    case 'requires_payment_method':
    case 'canceled':
      return { kind: 'payment_failed', topUpId, isFinal: false, reason: failureOf(intent) };
    default:
      return { kind: 'unknown' };
  }
}

function fromEndedCheckout(session: Stripe.Checkout.Session, type: string): PaymentEvent {
  const topUpId = idIn(session.metadata, topUpIdField);
  if (topUpId === null) return { kind: 'unknown' };
  const reason = type === 'checkout.session.expired' ? 'expired' : 'declined';
  return { kind: 'payment_failed', topUpId, isFinal: true, reason };
}

const refundStates: Readonly<Record<string, 'submitted' | 'succeeded' | 'failed'>> = {
  pending: 'submitted',
  requires_action: 'submitted',
  succeeded: 'succeeded',
  failed: 'failed',
  canceled: 'failed',
};

export function fromRefund(refund: Stripe.Refund): PaymentEvent {
  const paymentId = idOf(refund.payment_intent);
  const state = refundStates[refund.status ?? ''];
  if (paymentId === null) return { kind: 'unknown' };
  if (!state) return { kind: 'unusable', reason: `a refund is ${refund.status}` };
  return inDollars(refund.currency, () => ({
    kind: 'refund_changed',
    paymentId,
    providerRefundId: refund.id,
    refundId: idIn(refund.metadata, refundIdField),
    amount: amountOf(refund.amount),
    state,
    reason: state === 'failed' ? (refund.failure_reason ?? refund.status) : null,
  }));
}

type DisputeState = Extract<PaymentEvent, { kind: 'dispute_changed' }>['state'];

/** While an appeal runs the money is where a lost dispute leaves it. */
const disputeStates: Readonly<Record<string, DisputeState>> = {
  warning_needs_response: 'inquiry',
  warning_under_review: 'inquiry',
  warning_closed: 'dismissed',
  prevented: 'dismissed',
  needs_response: 'open',
  under_review: 'open',
  lost: 'lost',
  appeal_needs_response: 'lost',
  appeal_under_review: 'lost',
  won: 'won',
};

function fromDispute(dispute: Stripe.Dispute): PaymentEvent {
  const paymentId = idOf(dispute.payment_intent);
  const state = disputeStates[dispute.status];
  if (paymentId === null) return { kind: 'unknown' };
  if (!state) return { kind: 'unusable', reason: `a dispute is ${dispute.status}` };
  // What was taken when it was opened, less what came back with the money.
  const feeCents = dispute.balance_transactions.reduce((sum, { fee }) => sum + fee, 0);
  return inDollars(dispute.currency, () => ({
    kind: 'dispute_changed',
    paymentId,
    disputeId: dispute.id,
    amount: amountOf(dispute.amount),
    state,
    reason: dispute.reason,
    fee: amountOf(Math.max(0, feeCents)),
  }));
}

function inDollars(currency: string, read: () => PaymentEvent): PaymentEvent {
  return currency === 'usd' ? read() : { kind: 'unusable', reason: `the currency is ${currency}` };
}

function amountOf(cents: number): string {
  return fromCents(cents).toString();
}

function failureOf({ last_payment_error: error, cancellation_reason }: Stripe.PaymentIntent) {
  return error?.decline_code ?? error?.code ?? cancellation_reason ?? 'declined';
}

function idIn(metadata: Stripe.Metadata | null, field: string): string | null {
  return uuid.safeParse(metadata?.[field]).data ?? null;
}

function idOf(reference: string | { id: string } | null): string | null {
  return typeof reference === 'string' ? reference : (reference?.id ?? null);
}

import { fromCents } from '@aisbf/money';
import type { Stripe } from 'stripe';
import type { Movement } from '../domain/movement.js';
import { refundIdField, topUpIdField } from './stripe-event.js';

/** A payment as Stripe lists it; nothing of a charge that did not succeed, or that is of no payment. */
export function fromCharge(charge: Stripe.Charge): readonly Movement[] {
  const id = idOf(charge.payment_intent);
  if (charge.status !== 'succeeded' || !charge.captured || id === null) return [];
  const amount = fromCents(charge.amount_captured);
  const isOurs = charge.metadata?.[topUpIdField] !== undefined;
  return [{ kind: 'payment', id, amount, isOurs, paymentId: null }];
}

export function fromListedRefund(refund: Stripe.Refund): readonly Movement[] {
  if (refund.status === 'failed' || refund.status === 'canceled') return [];
  const isOurs = refund.metadata?.[refundIdField] !== undefined;
  const paymentId = idOf(refund.payment_intent);
  return [{ kind: 'refund', id: refund.id, amount: fromCents(refund.amount), isOurs, paymentId }];
}

/** A transfer by the payout that it is of; nothing of one that somebody made by hand. */
export function fromTransfer(transfer: Stripe.Transfer): readonly Movement[] {
  const payoutId = transfer.metadata?.[payoutIdField];
  if (payoutId === undefined) return [];
  const amount = fromCents(transfer.amount - transfer.amount_reversed);
  return [{ kind: 'payout', id: payoutId, amount, isOurs: true, paymentId: null }];
}

export const payoutIdField = 'payout_id';

function idOf(reference: string | Readonly<{ id: string }> | null): string | null {
  return typeof reference === 'object' ? (reference?.id ?? null) : reference;
}

import { randomUUID } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Stripe } from 'stripe';
import { fromStripeEvent } from './stripe-event.js';

const topUpId = randomUUID();

/** As it comes from the wire: the types of the SDK are a promise of Stripe's, not a check. */
function meaning(type: string, object: object) {
  const event = { id: 'evt_1', type, created: 1_800_000_000, data: { object } };
  return fromStripeEvent(event as unknown as Stripe.Event).event;
}

const intent = {
  id: 'pi_1',
  status: 'succeeded',
  currency: 'usd',
  amount_received: 1_234,
  customer: 'cus_1',
  payment_method: { id: 'pm_1' },
  last_payment_error: null,
  cancellation_reason: null,
  metadata: { aisbf_top_up_id: topUpId },
};
const refund = {
  id: 're_1',
  status: 'succeeded',
  currency: 'usd',
  amount: 100,
  payment_intent: 'pi_1',
  metadata: {},
};
const dispute = {
  id: 'du_1',
  status: 'needs_response',
  currency: 'usd',
  amount: 100,
  reason: 'fraudulent',
  payment_intent: 'pi_1',
  balance_transactions: [{ fee: 1_500 }, { fee: -500 }],
};

describe(fromStripeEvent, () => {
  it('reads a payment, whether its parts are names or objects', () => {
    expect(meaning('payment_intent.succeeded', intent)).toEqual({
      kind: 'payment_succeeded',
      topUpId,
      paymentId: 'pi_1',
      amount: '12340000000',
      customerId: 'cus_1',
      methodId: 'pm_1',
    });
  });

  it.each([
    ['a payment of somebody else', 'payment_intent.succeeded', { ...intent, metadata: {} }],
    [
      'an id that is none',
      'payment_intent.succeeded',
      { ...intent, metadata: { aisbf_top_up_id: 'x' } },
    ],
    ['a refund of no payment', 'refund.created', { ...refund, payment_intent: null }],
    ['something new', 'planet.discovered', { id: 'x' }],
  ])('has nothing to say of %s', (_what, type, object) => {
    expect(meaning(type, object)).toEqual({ kind: 'unknown' });
  });

  it.each([
    ['euros', 'payment_intent.succeeded', { ...intent, currency: 'eur' }],
    ['a refund in euros', 'refund.updated', { ...refund, currency: 'eur' }],
    ['a state that a refund never had', 'refund.updated', { ...refund, status: 'lost_at_sea' }],
    ['a state that a dispute never had', 'charge.dispute.updated', { ...dispute, status: 'odd' }],
  ])('wants a person to look at %s', (_what, type, object) => {
    expect(meaning(type, object)).toMatchObject({ kind: 'unusable' });
  });

  it('says why a payment failed, and that a page may go on', () => {
    const failed = {
      ...intent,
      status: 'requires_payment_method',
      last_payment_error: { code: 'card_declined', decline_code: 'stolen_card' },
    };
    const reason = { kind: 'payment_failed', topUpId, isFinal: false, reason: 'stolen_card' };
    expect(meaning('payment_intent.payment_failed', failed)).toEqual(reason);
    const expired = { id: 'cs_1', metadata: { aisbf_top_up_id: topUpId } };
    expect(meaning('checkout.session.expired', expired)).toEqual({
      ...reason,
      isFinal: true,
      reason: 'expired',
    });
  });

  it.each([
    ['pending', 'submitted'],
    ['requires_action', 'submitted'],
    ['succeeded', 'succeeded'],
    ['failed', 'failed'],
    ['canceled', 'failed'],
  ])('calls a refund that is %s %s', (status, state) => {
    expect(meaning('refund.updated', { ...refund, status })).toMatchObject({ state });
  });

  it.each([
    ['warning_needs_response', 'inquiry'],
    ['warning_closed', 'dismissed'],
    ['prevented', 'dismissed'],
    ['under_review', 'open'],
    ['lost', 'lost'],
    ['appeal_under_review', 'lost'],
    ['won', 'won'],
  ])('calls a dispute that is %s %s', (status, state) => {
    expect(meaning('charge.dispute.updated', { ...dispute, status })).toMatchObject({
      state,
      fee: '10000000000',
    });
  });

  it('keeps nothing of who paid, whatever else an event brings along', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.constant('alice@example.com')), (extra) => {
        for (const [type, object] of [
          ['payment_intent.succeeded', intent],
          ['refund.created', refund],
          ['charge.dispute.created', dispute],
        ] as const) {
          expect(JSON.stringify(meaning(type, { ...extra, ...object }))).not.toContain('alice');
        }
      }),
    );
  });
});

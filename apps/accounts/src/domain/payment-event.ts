/**
 * What a payment provider tells of, in our own words. Amounts are nano-dollars in decimal strings, as they are
 * stored. Nothing here says who paid, or with which card.
 */
export type PaymentEvent =
  | Readonly<{
      kind: 'payment_succeeded';
      topUpId: string;
      paymentId: string;
      amount: string;
      customerId: string | null;
      methodId: string | null;
    }>
  /** Not final: a buyer on the provider's page may try another card. */
  | Readonly<{ kind: 'payment_failed'; topUpId: string; isFinal: boolean; reason: string }>
  | Readonly<{
      kind: 'refund_changed';
      paymentId: string;
      providerRefundId: string;
      /** Ours, where it is one that we asked for. */
      refundId: string | null;
      amount: string;
      state: 'submitted' | 'succeeded' | 'failed';
      reason: string | null;
    }>
  | Readonly<{
      kind: 'dispute_changed';
      paymentId: string;
      disputeId: string;
      amount: string;
      state: 'inquiry' | 'open' | 'lost' | 'won' | 'dismissed';
      reason: string;
      fee: string;
    }>
  /** It is about money of ours, and cannot be booked: a person must look. */
  | Readonly<{ kind: 'unusable'; reason: string }>
  | Readonly<{ kind: 'unknown' }>;

/** One thing that a provider told us, under an id that stays the same when it tells it again. */
export type PaymentNotice = Readonly<{
  id: string;
  type: string;
  occurredAt: Date;
  event: PaymentEvent;
}>;

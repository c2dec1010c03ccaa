import type { Nanos } from '@aisbf/money';
import type { Movement, MovementKind } from '../domain/movement.js';
import type { PaymentNotice } from '../domain/payment-event.js';
import type { Window } from '../domain/reconciliation.js';

export type Checkout = Readonly<{
  topUpId: string;
  amount: Nanos;
  savesMethod: boolean;
  /** Where the provider knows the buyer already. */
  customerId: string | null;
}>;

export type SavedCharge = Readonly<{
  topUpId: string;
  amount: Nanos;
  customerId: string;
  methodId: string;
}>;

export type ProviderRefund = Readonly<{ refundId: string; paymentId: string; amount: Nanos }>;

/**
 * Who takes payments for us. Our own ids are its idempotency keys: asking again is asking for the same thing. An
 * outcome that is not known is a fault, `PAYMENT_PROVIDER_UNAVAILABLE`, and is asked for again.
 */
export abstract class PaymentProvider {
  abstract readonly name: string;
  /** False where this installation has none: then whatever it is asked for is a fault. */
  abstract readonly isThere: boolean;
  /** A page on which the top-up can be paid. */
  abstract createCheckout(checkout: Checkout): Promise<Readonly<{ url: string }>>;
  /**
   * Charges a saved method while its owner is away. Undefined where the provider has not decided yet; `isRepeat`
   * where it may have been asked long ago.
   */
  abstract charge(charge: SavedCharge, isRepeat: boolean): Promise<PaymentNotice | undefined>;
  /** Sends money back the way it came. */
  abstract refund(refund: ProviderRefund, isRepeat: boolean): Promise<PaymentNotice>;
  /** Reads what the provider tells by itself. A body that it did not sign is a fault. */
  abstract readWebhook(body: Buffer, signature: string): PaymentNotice;
  /** All payments that succeeded and refunds that did not fail, of those made in the window. */
  abstract movements(window: Window): AsyncIterable<Movement>;
  /** One of them, by the provider's own id. */
  abstract movement(kind: MovementKind, id: string): Promise<Movement | undefined>;
}

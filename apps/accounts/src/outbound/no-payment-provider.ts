import { faults } from '../domain/faults.js';
import type { Movement } from '../domain/movement.js';
import type { PaymentNotice } from '../domain/payment-event.js';
import { PaymentProvider } from '../services/payment-provider.js';

/** An installation without a payment provider: operators' grants are the only way in. */
export class NoPaymentProvider extends PaymentProvider {
  readonly name = 'none';
  readonly isThere = false;

  createCheckout(): Promise<Readonly<{ url: string }>> {
    throw faults.PAYMENTS_OFF();
  }

  charge(): Promise<PaymentNotice | undefined> {
    throw faults.PAYMENTS_OFF();
  }

  refund(): Promise<PaymentNotice> {
    throw faults.PAYMENTS_OFF();
  }

  readWebhook(): PaymentNotice {
    throw faults.PAYMENTS_OFF();
  }

  movements(): AsyncIterable<Movement> {
    throw faults.PAYMENTS_OFF();
  }

  movement(): Promise<Movement | undefined> {
    throw faults.PAYMENTS_OFF();
  }
}

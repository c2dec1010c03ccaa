import type { PaymentWebhookTaken } from '@aisbf/contracts';
import { Injectable } from '@nestjs/common';
import { faults } from '../domain/faults.js';
import type { PaymentNotice } from '../domain/payment-event.js';
import { LedgerEvents } from './ledger-events.js';
import { PaymentProvider } from './payment-provider.js';

export type TakenEvent = PaymentWebhookTaken['result'];

/** Events that wait for their payment, and those that a person must look at. */
export type EventsLeft = Readonly<{ waiting: number; refused: number }>;

/** What providers have told, each event once, together with the money that it moved. */
export abstract class PaymentEventStore {
  abstract take(provider: string, notice: PaymentNotice): Promise<TakenEvent>;
  /** Takes one that waited in vain before; false where there is none. */
  abstract retry(): Promise<boolean>;
  abstract left(): Promise<EventsLeft>;
}

/** Events taken in one go: more wait for the next. */
const retriesMax = 1_000;

/** Listens to the payment provider. */
@Injectable()
export class PaymentEvents {
  constructor(
    private readonly store: PaymentEventStore,
    private readonly provider: PaymentProvider,
    private readonly ledgerEvents: LedgerEvents,
  ) {}

  async webhook(provider: string, body: Buffer, signature: string): Promise<PaymentWebhookTaken> {
    if (provider !== this.provider.name) throw faults.PAYMENTS_OFF();
    return { result: await this.take(provider, this.provider.readWebhook(body, signature)) };
  }

  async take(provider: string, notice: PaymentNotice): Promise<TakenEvent> {
    const result = await this.store.take(provider, notice);
    this.ledgerEvents.paymentTold({ provider, id: notice.id, type: notice.type, result });
    return result;
  }

  /** The provider was asked for something and gave no answer; it is asked again. */
  unanswered(what: 'refund', error: unknown): void {
    this.ledgerEvents.failed(what, error);
  }

  /** Takes what can be taken by now, and counts what is left. */
  async retry(): Promise<void> {
    for (let count = 0; count < retriesMax; count += 1) {
      if (!(await this.store.retry())) break;
    }
    this.ledgerEvents.paymentsLeft(await this.store.left());
  }
}

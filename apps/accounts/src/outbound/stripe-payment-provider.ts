import { type Nanos, toCents } from '@aisbf/money';
import { Injectable } from '@nestjs/common';
import { Stripe } from 'stripe';
import { faults } from '../domain/faults.js';
import type { Movement, MovementKind } from '../domain/movement.js';
import type { PaymentEvent, PaymentNotice } from '../domain/payment-event.js';
import type { Window } from '../domain/reconciliation.js';
import {
  type Checkout,
  PaymentProvider,
  type ProviderRefund,
  type SavedCharge,
} from '../services/payment-provider.js';
import { createdIn, openStripe, type StripeClientOptions } from './stripe-client.js';
import {
  fromPaymentIntent,
  fromRefund,
  fromStripeEvent,
  refundIdField,
  topUpIdField,
} from './stripe-event.js';
import { fromCharge, fromListedRefund } from './stripe-movement.js';

/** Refunds of one payment, or payments of one customer, that are looked through for one of ours. */
const pageMax = 100;

/** Ours may be asked for again within a day under Stripe's own keys; later, what was made is looked for. */
const networkRetriesMax = 2;

export type StripeOptions = Omit<StripeClientOptions, 'networkRetriesMax'> &
  Readonly<{
    webhookSecret: string;
    /** Where a buyer's browser goes from the page of payment. */
    returnUrl: string;
  }>;

/** What Stripe is told once. Also the DI token. */
export class StripeSettings {
  constructor(readonly options: StripeOptions) {}
}

@Injectable()
export class StripePaymentProvider extends PaymentProvider {
  readonly name = 'stripe';
  readonly isThere = true;
  private readonly stripe: Stripe;

  constructor(private readonly settings: StripeSettings) {
    super();
    this.stripe = openStripe({ ...settings.options, networkRetriesMax });
  }

  async createCheckout(checkout: Checkout): Promise<Readonly<{ url: string }>> {
    const session = await accepted(() =>
      this.stripe.checkout.sessions.create(this.sessionOf(checkout), {
        idempotencyKey: `top-up:${checkout.topUpId}`,
      }),
    );
    if (session.url === null) throw new Error(`the session ${session.id} has no page`);
    return { url: session.url };
  }

  async charge(charge: SavedCharge, isRepeat: boolean): Promise<PaymentNotice | undefined> {
    const { topUpId } = charge;
    const found = isRepeat ? await this.findIntent(charge) : undefined;
    if (found) return noticeOf(`charge:${found.id}:${found.status}`, decided(found));
    try {
      const intent = await this.createIntent(charge);
      return noticeOf(`charge:${intent.id}:${intent.status}`, decided(intent));
    } catch (error) {
      return noticeOf(`charge:${topUpId}:failed`, declined(topUpId, error));
    }
  }

  async refund(refund: ProviderRefund, isRepeat: boolean): Promise<PaymentNotice> {
    const made = (isRepeat && (await this.findRefund(refund))) || (await this.tryRefund(refund));
    const event = 'id' in made ? fromRefund(made) : made;
    const state = event.kind === 'refund_changed' ? event.state : event.kind;
    return { ...told(`refund:${refund.refundId}:${state}`), event };
  }

  readWebhook(body: Buffer, signature: string): PaymentNotice {
    try {
      const { webhookSecret } = this.settings.options;
      return fromStripeEvent(this.stripe.webhooks.constructEvent(body, signature, webhookSecret));
    } catch (error) {
      if (error instanceof Stripe.errors.StripeSignatureVerificationError) {
        throw faults.WEBHOOK_SIGNATURE_INVALID({}, { cause: error });
      }
      throw error;
    }
  }

  async *movements(window: Window): AsyncGenerator<Movement> {
    const page = { created: createdIn(window), limit: pageMax };
    for await (const charge of allOf(this.stripe.charges.list(page))) yield* fromCharge(charge);
    for await (const refund of allOf(this.stripe.refunds.list(page)))
      yield* fromListedRefund(refund);
  }

  async movement(kind: MovementKind, id: string): Promise<Movement | undefined> {
    if (kind === 'refund') {
      const refund = await foundOrNot(() => this.stripe.refunds.retrieve(id));
      return refund && fromListedRefund(refund)[0];
    }
    const page = await foundOrNot(() =>
      this.stripe.charges.list({ payment_intent: id, limit: pageMax }),
    );
    return page?.data.flatMap(fromCharge)[0];
  }

  private sessionOf(checkout: Checkout): Stripe.Checkout.SessionCreateParams {
    const metadata = { [topUpIdField]: checkout.topUpId };
    const { customerId, savesMethod } = checkout;
    return {
      mode: 'payment',
      client_reference_id: checkout.topUpId,
      metadata,
      line_items: [
        {
          quantity: 1,
          price_data: {
            currency: 'usd',
            unit_amount: centsOf(checkout.amount),
            product_data: { name: 'Credit' },
          },
        },
      ],
      payment_intent_data: {
        metadata,
        ...(savesMethod && { setup_future_usage: 'off_session' as const }),
      },
      ...(customerId === null
        ? { customer_creation: savesMethod ? ('always' as const) : ('if_required' as const) }
        : { customer: customerId }),
      success_url: this.returnUrl(checkout.topUpId, 'paid'),
      cancel_url: this.returnUrl(checkout.topUpId, 'cancelled'),
    };
  }

  private returnUrl(topUpId: string, result: string): string {
    const url = new URL(this.settings.options.returnUrl);
    url.searchParams.set('top_up', topUpId);
    url.searchParams.set('result', result);
    return url.href;
  }

  private createIntent({ topUpId, amount, customerId, methodId }: SavedCharge) {
    return answered(() =>
      this.stripe.paymentIntents.create(
        {
          amount: centsOf(amount),
          currency: 'usd',
          customer: customerId,
          payment_method: methodId,
          off_session: true,
          confirm: true,
          metadata: { [topUpIdField]: topUpId },
        },
        { idempotencyKey: `top-up:${topUpId}` },
      ),
    );
  }

  private async findIntent({ topUpId, customerId }: SavedCharge) {
    const { data } = await accepted(() =>
      this.stripe.paymentIntents.list({ customer: customerId, limit: pageMax }),
    );
    return data.find(({ metadata }) => metadata[topUpIdField] === topUpId);
  }

  /** A refund that Stripe will not make is a refund that failed. */
  private async tryRefund({
    refundId,
    paymentId,
    amount,
  }: ProviderRefund): Promise<Stripe.Refund | PaymentEvent> {
    try {
      return await answered(() =>
        this.stripe.refunds.create(
          {
            payment_intent: paymentId,
            amount: centsOf(amount),
            metadata: { [refundIdField]: refundId },
          },
          { idempotencyKey: `refund:${refundId}` },
        ),
      );
    } catch (error) {
      return {
        kind: 'refund_changed',
        ...{ paymentId, refundId, amount: amount.toString(), state: 'failed' },
        providerRefundId: `none:${refundId}`,
        reason: refusalOf(error),
      };
    }
  }

  private async findRefund({ refundId, paymentId }: ProviderRefund) {
    const { data } = await accepted(() =>
      this.stripe.refunds.list({ payment_intent: paymentId, limit: pageMax }),
    );
    return data.find(({ metadata }) => metadata?.[refundIdField] === refundId);
  }
}

/** A charge that was made by itself has no page on which a buyer could try another card. */
function decided(intent: Stripe.PaymentIntent): PaymentEvent {
  const event = fromPaymentIntent(intent);
  if (intent.status === 'requires_action') {
    const topUpId = intent.metadata[topUpIdField] ?? '';
    return { kind: 'payment_failed', topUpId, isFinal: true, reason: 'authentication_required' };
  }
  return event.kind === 'payment_failed' ? { ...event, isFinal: true } : event;
}

function declined(topUpId: string, error: unknown): PaymentEvent {
  return { kind: 'payment_failed', topUpId, isFinal: true, reason: refusalOf(error) };
}

/** Undefined where nothing is decided. */
function noticeOf(id: string, event: PaymentEvent): PaymentNotice | undefined {
  return event.kind === 'unknown' ? undefined : { ...told(id), event };
}

function told(id: string) {
  return { id: `answer:${id}`, type: 'answer', occurredAt: new Date() };
}

/** Why Stripe said no. Whatever is not a "no" is thrown on. */
function refusalOf(error: unknown): string {
  const isNo =
    error instanceof Stripe.errors.StripeCardError ||
    error instanceof Stripe.errors.StripeInvalidRequestError;
  if (!isNo) throw error;
  return error.decline_code ?? error.code ?? error.type;
}

/** No answer, or one that is no decision: what was asked for may have happened. */
async function answered<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
  try {
    return await ask();
  } catch (error) {
    const isDecision =
      error instanceof Stripe.errors.StripeCardError ||
      (error instanceof Stripe.errors.StripeInvalidRequestError && error.statusCode !== 409);
    if (isDecision || !(error instanceof Stripe.errors.StripeError)) throw error;
    throw faults.PAYMENT_PROVIDER_UNAVAILABLE({ reason: error.type }, { cause: error });
  }
}

/** The same, where a "no" makes no sense either. */
async function accepted<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
  try {
    return await answered(ask);
  } catch (error) {
    if (!(error instanceof Stripe.errors.StripeError)) throw error;
    throw faults.PAYMENT_PROVIDER_UNAVAILABLE({ reason: error.type }, { cause: error });
  }
}

/** All pages of a list; one that does not come is no answer. */
async function* allOf<Item>(pages: AsyncIterable<Item>): AsyncGenerator<Item> {
  const items = pages[Symbol.asyncIterator]();
  for (;;) {
    const next = await accepted(() => items.next());
    if (next.done) return;
    yield next.value;
  }
}

async function foundOrNot<Found>(ask: () => Promise<Found>): Promise<Found | undefined> {
  return accepted(async () => {
    try {
      return await ask();
    } catch (error) {
      const isMissing = error instanceof Stripe.errors.StripeError && error.statusCode === 404;
      if (isMissing) return undefined;
      throw error;
    }
  });
}

function centsOf(amount: Nanos): number {
  const cents = toCents(amount);
  if (cents === undefined) throw faults.AMOUNT_NOT_CENTS();
  return cents;
}

import { randomBytes } from 'node:crypto';

/** Plain objects in the shape of Stripe's API, as far as anybody here reads them. */
export type StripeObject = Readonly<{ id: string }> & Record<string, unknown>;
export type StripeEvent = Readonly<{ id: string; type: string; created: number }> &
  Record<string, unknown>;
export type FormFields = ReadonlyMap<string, string>;

/** What Stripe refuses, in its own words. */
export class StripeRefusal extends Error {
  constructor(
    readonly status: number,
    readonly body: Readonly<Record<string, unknown>>,
  ) {
    super(String(body.code ?? body.type));
  }
}

type Dispute = Readonly<{ paymentId: string; cents: number; status: string; feeCents: number }>;

/** What a provider of payments remembers: who paid what, and what became of it. */
export class FakeStripeBook {
  /** All that was ever told, the first first. */
  readonly events: StripeEvent[] = [];
  readonly sessions = new Map<string, StripeObject>();
  readonly intents = new Map<string, StripeObject>();
  readonly refunds = new Map<string, StripeObject>();
  private readonly disputes = new Map<string, Dispute>();
  /** Why cards are declined; none where this is undefined. */
  declineCode: string | undefined;
  /** As the clock of Stripe says; each event comes a second later. */
  private nowSeconds = Math.floor(Date.now() / 1000);

  createSession(fields: FormFields, baseUrl: string): StripeObject {
    const id = newId('cs');
    const session = {
      id,
      object: 'checkout.session',
      url: `${baseUrl}/pay/${id}`,
      status: 'open',
      amount_total: cents(fields, 'line_items[0][price_data][unit_amount]'),
      customer: fields.get('customer') ?? null,
      metadata: metadataOf(fields, 'metadata'),
      payment_metadata: metadataOf(fields, 'payment_intent_data[metadata]'),
      saves_method: fields.get('payment_intent_data[setup_future_usage]') === 'off_session',
      success_url: fields.get('success_url') ?? '',
    };
    this.sessions.set(id, session);
    return session;
  }

  /** The buyer pays on the page. Gives the payment's id. */
  pay(sessionId: string): string {
    const session = this.required(this.sessions, sessionId);
    if (session.status !== 'open') throw new Error(`the session is ${session.status}`);
    session.status = 'complete';
    const customer = session.customer ?? (session.saves_method ? newId('cus') : null);
    const intent = this.intent(Number(session.amount_total), {
      customer,
      payment_method: newId('pm'),
      metadata: session.payment_metadata,
      status: 'succeeded',
    });
    this.tell('charge.succeeded', { id: newId('ch'), object: 'charge', payment_intent: intent.id });
    this.tell('payment_intent.succeeded', intent);
    this.tell('checkout.session.completed', session);
    return intent.id;
  }

  /** Nobody pays in time. */
  expire(sessionId: string): void {
    const session = this.required(this.sessions, sessionId);
    session.status = 'expired';
    this.tell('checkout.session.expired', session);
  }

  createIntent(fields: FormFields): StripeObject {
    const code = this.declineCode;
    const intent = this.intent(cents(fields, 'amount'), {
      customer: fields.get('customer') ?? null,
      payment_method: code === undefined ? (fields.get('payment_method') ?? null) : null,
      metadata: metadataOf(fields, 'metadata'),
      status: code === undefined ? 'succeeded' : 'requires_payment_method',
      last_payment_error: code === undefined ? null : { code: 'card_declined', decline_code: code },
    });
    this.tell(`payment_intent.${code === undefined ? 'succeeded' : 'payment_failed'}`, intent);
    if (code === undefined) return intent;
    throw new StripeRefusal(402, {
      type: 'card_error',
      code: 'card_declined',
      decline_code: code,
      message: 'Your card was declined.',
      payment_intent: intent,
    });
  }

  createRefund(fields: FormFields): StripeObject {
    const paymentId = fields.get('payment_intent') ?? '';
    const amount = cents(fields, 'amount');
    const intent = this.required(this.intents, paymentId);
    const refunded = this.refundsOf(paymentId).filter(({ status }) => status !== 'failed');
    const sum = refunded.reduce((total, refund) => total + Number(refund.amount), amount);
    if (sum > Number(intent.amount_received)) {
      const message = 'The refund is greater than what is left of the charge.';
      throw new StripeRefusal(400, { type: 'invalid_request_error', message });
    }
    return this.refund(paymentId, amount, metadataOf(fields, 'metadata'));
  }

  /** Somebody refunds in Stripe's own dashboard. Gives the refund's id. */
  refundOutside(paymentId: string, amount: number): string {
    return this.refund(paymentId, amount, {}).id;
  }

  /** The bank sends the money of a refund back. */
  failRefund(id: string): void {
    const refund = this.required(this.refunds, id);
    refund.status = 'failed';
    refund.failure_reason = 'lost_or_stolen_card';
    this.tell('refund.failed', refund);
  }

  /** The buyer's bank takes a payment back. Gives the dispute's id. */
  dispute(paymentId: string, amount: number, status = 'needs_response'): string {
    const id = newId('du');
    this.disputes.set(id, { paymentId, cents: amount, status, feeCents: 0 });
    this.tellDispute(id, 'created');
    return id;
  }

  moveDispute(id: string, status: string, feeCents = 1_500): void {
    const dispute = this.disputes.get(id);
    if (!dispute) throw new Error(`there is no dispute ${id}`);
    this.disputes.set(id, { ...dispute, status, feeCents });
    const isClosed = ['won', 'lost', 'warning_closed'].includes(status);
    this.tellDispute(id, isClosed ? 'closed' : 'updated');
  }

  /** Payments as Stripe lists them: the charges of intents that succeeded. */
  chargesOf(paymentId: string | undefined): StripeObject[] {
    return [...this.intents.values()]
      .filter(({ id, status }) => status === 'succeeded' && id === (paymentId ?? id))
      .map(({ id, amount_received, metadata, created }) => ({
        id: id.replace('pi_', 'ch_'),
        ...{ object: 'charge', payment_intent: id, status: 'succeeded', captured: true },
        ...{ amount: amount_received, amount_captured: amount_received, metadata, created },
      }));
  }

  refundsOf(paymentId: string): StripeObject[] {
    return [...this.refunds.values()].filter((refund) => refund.payment_intent === paymentId);
  }

  intentsOf(customer: string): StripeObject[] {
    return [...this.intents.values()].filter((intent) => intent.customer === customer);
  }

  /** Says what happened, as it is at this moment. */
  tell(type: string, object: Readonly<Record<string, unknown>>): void {
    this.nowSeconds += 1;
    this.events.push({
      id: newId('evt'),
      object: 'event',
      api_version: '2026-10-28.endive',
      created: this.nowSeconds,
      type,
      data: { object: { ...object } },
    });
  }

  private tellDispute(id: string, what: string): void {
    const dispute = this.disputes.get(id);
    if (!dispute) return;
    const { paymentId, cents: amount, status, feeCents } = dispute;
    this.tell(`charge.dispute.${what}`, {
      ...{ id, object: 'dispute', amount, currency: 'usd', status, reason: 'fraudulent' },
      payment_intent: paymentId,
      balance_transactions: feeCents === 0 ? [] : [{ amount: -amount, fee: feeCents }],
    });
  }

  private intent(amount: number, rest: Readonly<Record<string, unknown>>): StripeObject {
    const intent = {
      id: newId('pi'),
      ...{ object: 'payment_intent', amount, currency: 'usd', cancellation_reason: null },
      created: Math.floor(Date.now() / 1000),
      amount_received: rest.status === 'succeeded' ? amount : 0,
      last_payment_error: null,
      ...rest,
    };
    this.intents.set(intent.id, intent);
    return intent;
  }

  private refund(paymentId: string, amount: number, metadata: Readonly<Record<string, string>>) {
    const refund: StripeObject = {
      id: newId('re'),
      ...{ object: 'refund', amount, currency: 'usd', status: 'succeeded', metadata },
      created: Math.floor(Date.now() / 1000),
      payment_intent: paymentId,
    };
    this.refunds.set(refund.id, refund);
    this.tell('refund.created', refund);
    return refund;
  }

  private required(all: ReadonlyMap<string, StripeObject>, id: string): StripeObject {
    const found = all.get(id);
    if (found) return found;
    const message = `No such object: '${id}'`;
    throw new StripeRefusal(404, {
      type: 'invalid_request_error',
      code: 'resource_missing',
      message,
    });
  }
}

function newId(prefix: string): string {
  return `${prefix}_${randomBytes(12).toString('hex')}`;
}

function cents(fields: FormFields, name: string): number {
  const value = Number(fields.get(name));
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new StripeRefusal(400, { type: 'invalid_request_error', message: `Invalid ${name}` });
}

function metadataOf(fields: FormFields, prefix: string): Record<string, string> {
  const own = [...fields].filter(([name]) => name.startsWith(`${prefix}[`));
  return Object.fromEntries(
    own.map(([name, value]) => [name.slice(prefix.length + 1, -1), value] as const),
  );
}

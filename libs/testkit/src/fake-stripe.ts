import { createHash, createHmac } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import {
  FakeStripeBook,
  type FormFields,
  type StripeEvent,
  type StripeObject,
  StripeRefusal,
} from './fake-stripe-book.js';
import { type Loopback, listenOnLoopback, textOf } from './loopback.js';

export type FakeStripeOptions = Readonly<{
  port?: number;
  /** Where events are sent by themselves; in a test they are sent by hand, in any order. */
  webhookUrl?: string;
}>;

/**
 * How a call goes wrong: the connection breaks before anything is done, or after it; or there is an answer
 * that is none.
 */
export type StripeTrouble = 'cut-before' | 'cut-after' | 'unavailable';

type Answer = Readonly<{ status: number; body: unknown }>;
type Remembered = Answer & Readonly<{ parameters: string }>;

/** The part of Stripe's API that is used here, over real HTTP, with its idempotency keys and its signatures. */
export class FakeStripe {
  readonly secretKey = 'sk_test_fake';
  readonly webhookSecret = 'whsec_of_a_fake_that_takes_no_money';
  readonly book = new FakeStripeBook();
  /** What was asked for, `POST /v1/refunds` and so on, repeats included. */
  readonly calls: string[] = [];
  private readonly troubles: StripeTrouble[] = [];
  private readonly remembered = new Map<string, Remembered>();
  private sent = 0;

  private constructor(
    private readonly loopback: Loopback,
    private readonly webhookUrl: string | undefined,
  ) {
    loopback.server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      this.serve(request, response).catch(() => response.destroy());
    });
  }

  static async start({ port = 0, webhookUrl }: FakeStripeOptions = {}): Promise<FakeStripe> {
    return new FakeStripe(await listenOnLoopback(createServer(), port), webhookUrl);
  }

  get url(): string {
    return this.loopback.url;
  }

  /** The next calls go wrong like this, one each. */
  trouble(...troubles: readonly StripeTrouble[]): void {
    this.troubles.push(...troubles);
  }

  /** Events that were told since the last time this was asked. */
  takeEvents(): readonly StripeEvent[] {
    const fresh = this.book.events.slice(this.sent);
    this.sent = this.book.events.length;
    return fresh;
  }

  /** Sends an event, signed, as Stripe does. */
  send(event: StripeEvent, url: string, secret = this.webhookSecret): Promise<Response> {
    const body = JSON.stringify(event, null, 2);
    return fetch(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json; charset=utf-8',
        'stripe-signature': this.sign(body, secret),
      },
      body,
    });
  }

  /** The header that proves a body. */
  sign(body: string, secret = this.webhookSecret): string {
    const seconds = Math.floor(Date.now() / 1000);
    const signature = createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex');
    return `t=${seconds},v1=${signature}`;
  }

  stop(): Promise<void> {
    return this.loopback.stop();
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const text = await textOf(request);
    const { pathname, searchParams } = new URL(request.url ?? '/', this.url);
    if (pathname.startsWith('/pay/')) {
      await this.page(request, response, pathname.slice('/pay/'.length));
      return;
    }
    const call = `${request.method} ${pathname}`;
    this.calls.push(call);
    const trouble = this.troubles.shift();
    if (trouble === 'cut-before') return void response.destroy();
    const fields = new Map(request.method === 'GET' ? searchParams : new URLSearchParams(text));
    const answer =
      trouble === 'unavailable'
        ? { status: 503, body: { error: { type: 'api_error', message: 'Try again.' } } }
        : this.answerOnce(request, call, fields);
    if (trouble === 'cut-after') response.destroy();
    else write(response, answer);
    await this.sendAll();
  }

  /** The same key with the same parameters gets the same answer; with others it is a mistake. */
  private answerOnce(request: IncomingMessage, call: string, fields: FormFields): Answer {
    if (request.headers.authorization !== `Bearer ${this.secretKey}`) {
      return refused(401, { type: 'invalid_request_error', message: 'Invalid API Key provided.' });
    }
    const key = request.headers['idempotency-key'];
    if (typeof key !== 'string') return this.answer(call, fields);
    const parameters = createHash('sha256')
      .update(JSON.stringify([call, ...fields]))
      .digest('hex');
    const known = this.remembered.get(key);
    if (known && known.parameters !== parameters) {
      return refused(400, { type: 'idempotency_error', message: 'Other parameters.' });
    }
    if (known) return known;
    const answer = this.answer(call, fields);
    this.remembered.set(key, { ...answer, parameters });
    return answer;
  }

  private answer(call: string, fields: FormFields): Answer {
    try {
      return { status: 200, body: this.resource(call, fields) };
    } catch (error) {
      if (error instanceof StripeRefusal) return refused(error.status, error.body);
      throw error;
    }
  }

  private resource(call: string, fields: FormFields): unknown {
    switch (call) {
      case 'POST /v1/checkout/sessions':
        return this.book.createSession(fields, this.url);
      case 'POST /v1/payment_intents':
        return this.book.createIntent(fields);
      case 'GET /v1/payment_intents':
        return list(this.book.intentsOf(fields.get('customer') ?? ''));
      case 'POST /v1/refunds':
        return this.book.createRefund(fields);
      case 'GET /v1/refunds':
        return fields.has('payment_intent')
          ? list(this.book.refundsOf(fields.get('payment_intent') ?? ''))
          : pageOf([...this.book.refunds.values()], fields);
      case 'GET /v1/charges':
        return pageOf(this.book.chargesOf(fields.get('payment_intent')), fields);
      default:
        return this.refundOf(call);
    }
  }

  private refundOf(call: string): StripeObject {
    const id = /^GET \/v1\/refunds\/(\w+)$/.exec(call)?.[1];
    const refund = this.book.refunds.get(id ?? '');
    if (refund) return refund;
    throw new StripeRefusal(404, { type: 'invalid_request_error', message: call });
  }

  /** What a buyer sees: a button. */
  private async page(request: IncomingMessage, response: ServerResponse, id: string) {
    const session = this.book.sessions.get(id);
    if (!session) return void response.writeHead(404).end();
    if (request.method === 'POST') {
      if (session.status === 'open') this.book.pay(id);
      response.writeHead(303, { location: String(session.success_url) }).end();
      await this.sendAll();
      return;
    }
    response.writeHead(200, { 'content-type': 'text/html' });
    response.end(
      `<form method="post"><button>Pay ${Number(session.amount_total)} cents that nobody has</button></form>`,
    );
  }

  private async sendAll(): Promise<void> {
    if (this.webhookUrl === undefined) return;
    for (const event of this.takeEvents()) await this.send(event, this.webhookUrl);
  }
}

/** A page of what was made in a time, the newest first, as Stripe gives it. */
function pageOf(all: readonly StripeObject[], fields: FormFields) {
  const least = Number(fields.get('created[gte]') ?? 0);
  const end = Number(fields.get('created[lt]') ?? Number.POSITIVE_INFINITY);
  const found = [...all]
    .reverse()
    .filter(({ created }) => Number(created) >= least && Number(created) < end);
  const after = fields.get('starting_after');
  const from = after === undefined ? 0 : found.findIndex(({ id }) => id === after) + 1;
  const limit = Number(fields.get('limit') ?? 10);
  const data = found.slice(from, from + limit);
  return { ...list(data), has_more: from + limit < found.length };
}

function list(data: readonly StripeObject[]) {
  return { object: 'list', url: '/v1', has_more: false, data };
}

function refused(status: number, error: Readonly<Record<string, unknown>>): Answer {
  return { status, body: { error } };
}

function write(response: ServerResponse, { status, body }: Answer): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

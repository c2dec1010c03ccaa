import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type Loopback, listenOnLoopback, textOf } from './loopback.js';

/**
 * What becomes of a transfer that is asked for.
 *
 * - `done`: as it should be
 * - `declined`: refused for good, by 400
 * - `done-unheard`: done, and the connection breaks before the answer
 * - `done-hanging`: done, and the answer never comes
 * - `done-late`: not answered, and done only when the test says so; until then its key is in use
 * - `done-500`: done, and answered with a failure, also when it is asked for again under its key
 * - `lost`: the connection breaks before anything is done
 * - `busy`: refused for now, by 429
 */
export type TransferFate =
  | 'done'
  | 'declined'
  | 'done-unheard'
  | 'done-hanging'
  | 'done-late'
  | 'done-500'
  | 'lost'
  | 'busy';

export type FakeTransfer = Readonly<{
  id: string;
  amount: number;
  destination: string;
  transfer_group: string;
  metadata: Readonly<{ payout_id: string }>;
  created: number;
}>;

type Answer = Readonly<{ status: number; body: object }>;
/** An answer, a broken connection, or nothing for ever. */
type Reply = Answer | 'cut' | 'hang';
type Stored = Answer & Readonly<{ parameters: string }>;

/** The part of Stripe's API that payouts use, over real HTTP: it keeps idempotency keys as Stripe does. */
export class FakeStripeConnect {
  /** All transfers that were made: each of them is money that is gone. */
  readonly transfers: FakeTransfer[] = [];
  /** Calls of every kind, such as `POST /v1/transfers`. */
  readonly calls: string[] = [];
  /** Accounts that have answered all questions. */
  readonly ready = new Set<string>();
  /** What becomes of the next transfers; `done` where there is none left. */
  fates: TransferFate[] = [];
  /** Whether looking for transfers fails. */
  isBlind = false;
  private readonly keys = new Map<string, Stored>();
  private readonly reversedCents = new Map<string, number>();
  private readonly late: (() => void)[] = [];
  private accountsMade = 0;

  private constructor(private readonly loopback: Loopback) {
    loopback.server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      this.answer(request, response).catch(() => response.destroy());
    });
  }

  static async start(): Promise<FakeStripeConnect> {
    const loopback = await listenOnLoopback(createServer());
    loopback.server.unref();
    return new FakeStripeConnect(loopback);
  }

  get url(): string {
    return this.loopback.url;
  }

  transfersOf(payoutId: string): readonly FakeTransfer[] {
    return this.transfers.filter(({ transfer_group }) => transfer_group === payoutId);
  }

  /** Whatever was `done-late` is done now. */
  doWhatIsLate(): void {
    for (const finish of this.late.splice(0)) finish();
  }

  /** The bank sends so much back, all in all. */
  reverse(payoutId: string, cents: number): void {
    for (const { id } of this.transfersOf(payoutId)) this.reversedCents.set(id, cents);
  }

  stop(): Promise<void> {
    return this.loopback.stop();
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://stripe');
    const form = new URLSearchParams(await textOf(request));
    const call = `${request.method} ${url.pathname}`;
    this.calls.push(call);
    const key = request.headers['idempotency-key'];
    const reply = this.replyTo(call, form, url.searchParams, String(key ?? ''));
    if (reply === 'hang') return;
    if (reply === 'cut') response.destroy();
    else {
      response.writeHead(reply.status, { 'content-type': 'application/json' });
      response.end(JSON.stringify(reply.body));
    }
  }

  private replyTo(call: string, form: URLSearchParams, query: URLSearchParams, key: string): Reply {
    if (call === 'POST /v1/transfers') return this.transfer(form, key);
    if (call === 'GET /v1/transfers') return this.list(query);
    if (call === 'POST /v1/accounts') return this.open(key);
    if (call === 'POST /v1/account_links') {
      const to = `https://connect.stripe.test/${form.get('account')}`;
      return { status: 200, body: { object: 'account_link', url: to } };
    }
    const account = /^GET \/v1\/accounts\/(\w+)$/.exec(call)?.[1];
    if (account === undefined) {
      return { status: 404, body: failure('invalid_request_error', 'no such call') };
    }
    const payouts_enabled = this.ready.has(account);
    return { status: 200, body: { id: account, object: 'account', payouts_enabled } };
  }

  private transfer(form: URLSearchParams, key: string): Reply {
    const parameters = form.toString();
    const stored = this.keys.get(key);
    if (stored && stored.parameters !== parameters) {
      return { status: 400, body: failure('idempotency_error', 'other parameters under this key') };
    }
    if (stored) return stored;
    const fate = this.fates.shift() ?? 'done';
    if (fate === 'busy') return { status: 429, body: failure('rate_limit_error', 'slow down') };
    if (fate === 'lost') return 'cut';
    if (fate === 'done-late') {
      const body = failure('idempotency_error', 'this key is in use');
      this.keys.set(key, { parameters, status: 409, body });
      this.late.push(() => this.keys.set(key, { parameters, ...this.decide('done', form) }));
      return 'hang';
    }
    const reply = this.decide(fate, form);
    this.keys.set(key, { parameters, ...reply });
    if (fate === 'done-unheard') return 'cut';
    return fate === 'done-hanging' ? 'hang' : reply;
  }

  /** What is kept under the key. */
  private decide(fate: TransferFate, form: URLSearchParams): Answer {
    if (fate === 'declined') {
      const body = failure('invalid_request_error', 'no money left', 'balance_insufficient');
      return { status: 400, body };
    }
    const transfer = this.make(form);
    if (fate === 'done-500') return { status: 500, body: failure('api_error', 'something broke') };
    return { status: 200, body: this.bodyOf(transfer) };
  }

  private make(form: URLSearchParams): FakeTransfer {
    const transfer = {
      id: `tr_${this.transfers.length + 1}`,
      amount: Number(form.get('amount')),
      destination: form.get('destination') ?? '',
      transfer_group: form.get('transfer_group') ?? '',
      metadata: { payout_id: form.get('metadata[payout_id]') ?? '' },
      created: Math.floor(Date.now() / 1000),
    };
    this.transfers.push(transfer);
    return transfer;
  }

  private list(query: URLSearchParams): Reply {
    if (this.isBlind) return { status: 503, body: failure('api_error', 'not now') };
    const least = Number(query.get('created[gte]') ?? 0);
    const end = Number(query.get('created[lt]') ?? Number.POSITIVE_INFINITY);
    const group = query.get('transfer_group');
    const found = this.transfers.filter(
      ({ transfer_group, created }) =>
        transfer_group === (group ?? transfer_group) && created >= least && created < end,
    );
    const after = query.get('starting_after');
    const from = after === null ? 0 : found.findIndex(({ id }) => id === after) + 1;
    const to = from + Number(query.get('limit') ?? 10);
    const data = found.slice(from, to).map((each) => this.bodyOf(each));
    const body = { object: 'list', url: '/v1/transfers', data, has_more: to < found.length };
    return { status: 200, body };
  }

  private open(key: string): Reply {
    const stored = this.keys.get(key);
    if (stored) return stored;
    this.accountsMade += 1;
    const id = `acct_${this.accountsMade}`;
    const body = { id, object: 'account', payouts_enabled: false };
    const reply = { status: 200, body };
    this.keys.set(key, { parameters: '', ...reply });
    return reply;
  }

  private bodyOf(transfer: FakeTransfer) {
    const amount_reversed = this.reversedCents.get(transfer.id) ?? 0;
    return {
      ...transfer,
      object: 'transfer',
      currency: 'usd',
      amount_reversed,
      reversed: amount_reversed === transfer.amount,
    };
  }
}

function failure(type: string, message: string, code?: string) {
  return { error: { type, message, ...(code !== undefined && { code }) } };
}

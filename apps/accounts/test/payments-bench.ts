import { randomUUID } from 'node:crypto';
import type { Principal } from '@aisbf/contracts';
import { type Nanos, parseNanos } from '@aisbf/money';
import { SystemClock } from '@aisbf/platform';
import { FakeStripe, type StripeEvent } from '@aisbf/testkit';
import type { Stripe } from 'stripe';
import type { Actor, Note } from '../src/domain/audit.js';
import { PgAutoTopUpStore } from '../src/outbound/pg-auto-top-up-store.js';
import { PgDebtStore } from '../src/outbound/pg-debt-store.js';
import { PgPaymentEventStore } from '../src/outbound/pg-payment-event-store.js';
import { PgPromoStore } from '../src/outbound/pg-promo-store.js';
import { PgRefundStore, PromoRefundLimits } from '../src/outbound/pg-refund-store.js';
import { PgTopUpStore } from '../src/outbound/pg-top-up-store.js';
import { fromStripeEvent } from '../src/outbound/stripe-event.js';
import { StripePaymentProvider, StripeSettings } from '../src/outbound/stripe-payment-provider.js';
import { AutoTopUpLimits, AutoTopUps } from '../src/services/auto-top-ups.js';
import type { Directory } from '../src/services/directory.js';
import { PaymentEvents } from '../src/services/payment-events.js';
import { Refunds } from '../src/services/refunds.js';
import { TopUpLimits, TopUps } from '../src/services/top-ups.js';
import { type Owner, openLedger, SilentEvents } from './ledger-bench.js';

/** A cent. */
export const cent = 10_000_000n;

export const nanosOf = (cents: number): Nanos => parseNanos(String(BigInt(cents) * cent));

/** Remembers what failed instead of saying so. */
class NotedFailures extends SilentEvents {
  readonly failures: unknown[] = [];

  override failed(_what: string, error: unknown): void {
    this.failures.push(error);
  }
}

export const operator = {
  apiTokenId: randomUUID(),
  ownerId: randomUUID(),
  username: 'global',
  role: 'operator' as const,
  scopes: ['manage' as const],
  limits: { requestsPerMinuteMax: 1, tokensPerMinuteMax: 1, concurrencyMax: 1 },
  rules: { routes: [], models: [], addresses: [] },
  userId: randomUUID(),
  sessionId: null,
  expiresAtMs: null,
};

export const acting = (principal: Principal): Actor => ({ principal, address: null });

/** Where nobody is to read it. */
export const unnoted: Note = {
  when: [],
  deed: {
    ...{ action: 'debt.write-off', subject: 'a test', detail: {} },
    ...{ actorUser: null, actorToken: null, address: null },
  },
};

/** A ledger whose money comes from a stand-in of Stripe; events are delivered by hand. */
export async function openPayments({ pauseMs = 0, answerMsMax = 0 } = {}) {
  const ledger = await openLedger();
  const stripe = await FakeStripe.start();
  const provider = providerAt(stripe);
  const told = new NotedFailures();
  const eventStore = new PgPaymentEventStore(ledger.pool);
  const topUpStore = new PgTopUpStore(ledger.pool);
  const autoStore = new PgAutoTopUpStore(ledger.pool);
  const refundStore = new PgRefundStore(ledger.pool, new PromoRefundLimits(30));
  const events = new PaymentEvents(eventStore, provider, told);
  const limits = new TopUpLimits(100, 100_000);
  const nobody = {} as Directory;
  const topUps = new TopUps(topUpStore, provider, nobody, limits, new SystemClock());
  const rules = { failuresMax: 2, pauseMs, answerMsMax };
  const deliver = (event: StripeEvent) =>
    events.take('stripe', fromStripeEvent(event as unknown as Stripe.Event));
  const bench = {
    ...ledger,
    stripe,
    provider,
    topUps,
    topUpStore,
    autoStore,
    eventStore,
    events,
    told,
    promos: new PgPromoStore(ledger.pool),
    debts: new PgDebtStore(ledger.pool),
    refundStore,
    refunds: new Refunds(refundStore, provider, events, { answerMsMax }),
    autoTopUps: new AutoTopUps(
      autoStore,
      topUpStore,
      provider,
      events,
      limits,
      new AutoTopUpLimits(rules),
    ),
    deliver,
    deliverAll: async () => {
      for (const event of stripe.takeEvents()) await deliver(event);
    },
    /** Begins a top-up; gives its id and the session on which to pay. */
    begin: async (owner: Owner, cents: number, savesMethod = false) => {
      const request = { topUpId: randomUUID(), amount: String(nanosOf(cents)), savesMethod };
      const topUp = await topUps.create(principalOf(owner), request);
      return { id: topUp.id, session: topUp.checkoutUrl?.split('/').at(-1) ?? '' };
    },
    wallet: async ({ ownerId }: Owner) => {
      const { posted, promo, held, owed } = await ledger.reader.wallet(ownerId);
      return { posted, promo, held, owed };
    },
    close: async () => {
      await stripe.stop();
      await ledger.close();
    },
  };
  return {
    ...bench,
    /** Begins a top-up, pays it and hears of it. */
    topUp: async (owner: Owner, cents: number, savesMethod = false) => {
      const { id, session } = await bench.begin(owner, cents, savesMethod);
      const paymentId = stripe.book.pay(session);
      await bench.deliverAll();
      return { id, paymentId };
    },
  };
}

function providerAt({ secretKey, webhookSecret, url }: FakeStripe): StripePaymentProvider {
  const options = { secretKey, webhookSecret, url, timeoutMs: 5_000 };
  return new StripePaymentProvider(
    new StripeSettings({ ...options, returnUrl: 'http://127.0.0.1/back' }),
  );
}

export type Payments = Awaited<ReturnType<typeof openPayments>>;

export function principalOf({ ownerId, apiTokenId }: Owner) {
  return { ...operator, ownerId, apiTokenId, username: 'buyer', role: 'member' as const };
}

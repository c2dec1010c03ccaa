import type { Provider } from '@nestjs/common';
import type { AccountsSettings } from './config.js';
import { BackgroundJobs, job } from './inbound/background.js';
import { NoPaymentProvider } from './outbound/no-payment-provider.js';
import { PgAutoTopUpStore } from './outbound/pg-auto-top-up-store.js';
import { PgDebtStore } from './outbound/pg-debt-store.js';
import { PgPaymentEventStore } from './outbound/pg-payment-event-store.js';
import { PgPromoStore } from './outbound/pg-promo-store.js';
import { PgRefundStore, PromoRefundLimits } from './outbound/pg-refund-store.js';
import { PgTopUpStore } from './outbound/pg-top-up-store.js';
import { StripePaymentProvider, StripeSettings } from './outbound/stripe-payment-provider.js';
import { AutoTopUpLimits, AutoTopUpStore, AutoTopUps } from './services/auto-top-ups.js';
import { DebtStore, Debts } from './services/debts.js';
import { PaymentEventStore, PaymentEvents } from './services/payment-events.js';
import { PaymentProvider } from './services/payment-provider.js';
import { PromoStore, Promotions } from './services/promotions.js';
import { RefundLimits, RefundStore, Refunds } from './services/refunds.js';
import { TopUpLimits, TopUpStore, TopUps } from './services/top-ups.js';

/** What is done about payments in the background; without a provider, what there is to do without one. */
export class PaymentJobs extends BackgroundJobs {}

/** Money that comes from outside. */
export function paymentParts(settings: AccountsSettings): Provider[] {
  return [
    TopUps,
    AutoTopUps,
    Refunds,
    Promotions,
    Debts,
    PaymentEvents,
    { provide: PaymentProvider, useFactory: () => paymentProvider(settings) },
    { provide: TopUpStore, useClass: PgTopUpStore },
    { provide: AutoTopUpStore, useClass: PgAutoTopUpStore },
    { provide: RefundStore, useClass: PgRefundStore },
    { provide: PromoStore, useClass: PgPromoStore },
    { provide: DebtStore, useClass: PgDebtStore },
    { provide: PaymentEventStore, useClass: PgPaymentEventStore },
    {
      provide: PaymentJobs,
      inject: [PaymentProvider, PaymentEvents, Refunds, AutoTopUps, Debts, Promotions],
      useFactory: (
        provider: PaymentProvider,
        events: PaymentEvents,
        refunds: Refunds,
        autoTopUps: AutoTopUps,
        debts: Debts,
        promotions: Promotions,
      ) => {
        const everyMs = settings.ACCOUNTS_PAYMENTS_INTERVAL_MS;
        const asking = [
          job('refunds', everyMs, () => refunds.run()),
          job('auto-top-ups', settings.ACCOUNTS_AUTO_TOP_UP_INTERVAL_MS, () => autoTopUps.run()),
        ];
        return new PaymentJobs([
          job('payment-events', everyMs, () => events.retry()),
          job('debts', everyMs, () => debts.collect()),
          job('promo', settings.ACCOUNTS_PROMO_EXPIRY_INTERVAL_MS, () => promotions.expire()),
          ...(provider.isThere ? asking : []),
        ]);
      },
    },
    {
      provide: TopUpLimits,
      useValue: new TopUpLimits(
        settings.ACCOUNTS_TOP_UP_CENTS_MIN,
        settings.ACCOUNTS_TOP_UP_CENTS_MAX,
      ),
    },
    {
      provide: AutoTopUpLimits,
      useValue: new AutoTopUpLimits({
        failuresMax: settings.ACCOUNTS_AUTO_TOP_UP_FAILURES_MAX,
        pauseMs: settings.ACCOUNTS_AUTO_TOP_UP_PAUSE_MS,
        answerMsMax: settings.ACCOUNTS_PAYMENT_ANSWER_MS_MAX,
      }),
    },
    {
      provide: RefundLimits,
      useValue: new RefundLimits(settings.ACCOUNTS_PAYMENT_ANSWER_MS_MAX),
    },
    {
      provide: PromoRefundLimits,
      useValue: new PromoRefundLimits(settings.ACCOUNTS_PROMO_REFUND_DAYS),
    },
  ];
}

type ProviderSettings = Pick<
  AccountsSettings,
  | 'ACCOUNTS_PAYMENTS'
  | 'ACCOUNTS_STRIPE_SECRET_KEY'
  | 'ACCOUNTS_STRIPE_WEBHOOK_SECRET'
  | 'ACCOUNTS_STRIPE_URL'
  | 'ACCOUNTS_STRIPE_TIMEOUT_MS'
  | 'ACCOUNTS_PAYMENT_RETURN_URL'
>;

/** Whoever takes payments, as it is set up. */
export function paymentProvider(settings: ProviderSettings): PaymentProvider {
  if (settings.ACCOUNTS_PAYMENTS === 'none') return new NoPaymentProvider();
  return new StripePaymentProvider(
    new StripeSettings({
      secretKey: settings.ACCOUNTS_STRIPE_SECRET_KEY,
      webhookSecret: settings.ACCOUNTS_STRIPE_WEBHOOK_SECRET,
      url: settings.ACCOUNTS_STRIPE_URL,
      timeoutMs: settings.ACCOUNTS_STRIPE_TIMEOUT_MS,
      returnUrl: settings.ACCOUNTS_PAYMENT_RETURN_URL,
    }),
  );
}

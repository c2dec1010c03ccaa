import {
  CallerCheck,
  CallerGuard,
  Clock,
  Log,
  Metrics,
  NatsBus,
  SystemClock,
} from '@aisbf/platform';
import type { DynamicModule, Provider } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import type { AccountsSettings } from './config.js';
import { AccessController } from './inbound/access.controller.js';
import { AccessUpkeep, UpkeepSettings } from './inbound/access-upkeep.js';
import { AccountController } from './inbound/account.controller.js';
import { AnswersController } from './inbound/answers.controller.js';
import { ApiTokensController } from './inbound/api-tokens.controller.js';
import { AuthRoutesDoor, PublicUrl } from './inbound/auth-routes.js';
import { Background, type BackgroundJob, BackgroundJobs } from './inbound/background.js';
import { InternalController } from './inbound/internal.controller.js';
import { LedgerGrpc } from './inbound/ledger.grpc.js';
import { PaymentController } from './inbound/payment.controller.js';
import { RequestMoneyController } from './inbound/request-money.controller.js';
import { SettleConsumer } from './inbound/settle-consumer.js';
import { UsersController } from './inbound/users.controller.js';
import { openClient, Pool, PrismaClient } from './outbound/accounts-database.js';
import { BetterAuthSignIn } from './outbound/better-auth-sign-in.js';
import { CountedLedgerEvents } from './outbound/counted-ledger-events.js';
import { mailerOf } from './outbound/mailers.js';
import { NatsAccessAnnouncer } from './outbound/nats-access-announcer.js';
import { NatsBusStreams } from './outbound/nats-bus-streams.js';
import { NatsEventPublisher } from './outbound/nats-event-publisher.js';
import { NatsLeaseRecall } from './outbound/nats-lease-recall.js';
import { PgAccessStore } from './outbound/pg-access-store.js';
import { NoPaymentProvider } from './outbound/no-payment-provider.js';
import { PgApiTokenReader } from './outbound/pg-api-token-reader.js';
import { PgAutoTopUpStore } from './outbound/pg-auto-top-up-store.js';
import { PgDebtStore } from './outbound/pg-debt-store.js';
import { PgIdempotencyStore } from './outbound/pg-idempotency-store.js';
import { LeaseSettings, PgLeaseStore } from './outbound/pg-lease-store.js';
import { OracleSettings, PgLedgerReader } from './outbound/pg-ledger-reader.js';
import { LedgerBatches, PgLedgerStore } from './outbound/pg-ledger-store.js';
import { PgOutboxStore } from './outbound/pg-outbox-store.js';
import { PgAttemptLimits, PgSessions, PgUsernames } from './outbound/pg-sign-in-stores.js';
import { PrismaApiTokenStore } from './outbound/prisma-api-token-store.js';
import { PrismaAuditStore } from './outbound/prisma-audit-store.js';
import { PgPaymentEventStore } from './outbound/pg-payment-event-store.js';
import { PgPromoStore } from './outbound/pg-promo-store.js';
import { PgRefundStore, PromoRefundLimits } from './outbound/pg-refund-store.js';
import { PgTopUpStore } from './outbound/pg-top-up-store.js';
import { PrismaDirectory } from './outbound/prisma-directory.js';
import { StripePaymentProvider, StripeSettings } from './outbound/stripe-payment-provider.js';
import { ApiTokenReader, ApiTokenStore } from './services/api-token-store.js';
import { ApiTokens, DefaultTokenLimits } from './services/api-tokens.js';
import { AuditLog, AuditStore } from './services/audit-log.js';
import { Authentication, AuthenticationSettings } from './services/authentication.js';
import { Authorisation } from './services/authorisation.js';
import { AutoTopUpLimits, AutoTopUpStore, AutoTopUps } from './services/auto-top-ups.js';
import { BusStreams } from './services/bus-streams.js';
import { DebtStore, Debts } from './services/debts.js';
import { Directory } from './services/directory.js';
import { HeldRequests, TicketSecret } from './services/held-requests.js';
import { Idempotency, IdempotencyStore } from './services/idempotency.js';
import { Identity } from './services/identity.js';
import { Invitations } from './services/invitations.js';
import { LeaseRecall, LeaseStore } from './services/lease-store.js';
import { LedgerEvents } from './services/ledger-events.js';
import { LedgerReader, LedgerStore } from './services/ledger-store.js';
import { Mailer } from './services/mailer.js';
import { EventPublisher, OutboxRelay, OutboxStore } from './services/outbox-relay.js';
import { PaymentEventStore, PaymentEvents } from './services/payment-events.js';
import { PaymentProvider } from './services/payment-provider.js';
import { Pepper } from './services/pepper.js';
import { PromoStore, Promotions } from './services/promotions.js';
import { Reaper } from './services/reaper.js';
import { RefundLimits, RefundStore, Refunds } from './services/refunds.js';
import {
  AccessAnnouncer,
  AccessStore,
  RevocationSettings,
  Revocations,
} from './services/revocations.js';
import { Settlement } from './services/settlement.js';
import { AttemptLimits, Sessions, SignIn, Usernames } from './services/sign-in.js';
import { Statements } from './services/statements.js';
import { TokenUse } from './services/token-use.js';
import { TopUpLimits, TopUpStore, TopUps } from './services/top-ups.js';
import { Upkeep } from './services/upkeep.js';
import { Users } from './services/users.js';
import { Withdrawal } from './services/withdrawal.js';

/** What is made before Nest is, and shared with the start of the process. */
export type AccountsParts = Readonly<{ bus: NatsBus; log: Log; metrics: Metrics; pool: Pool }>;

class AppModule {}

/** The parts of the service, and what stands behind each port. */
export function appModule(
  settings: AccountsSettings,
  { bus, log, metrics, pool }: AccountsParts,
): DynamicModule {
  return {
    module: AppModule,
    controllers: [
      InternalController,
      RequestMoneyController,
      AccessController,
      AnswersController,
      AccountController,
      UsersController,
      ApiTokensController,
      PaymentController,
    ],
    providers: [
      Authorisation,
      HeldRequests,
      Settlement,
      Withdrawal,
      Statements,
      Reaper,
      OutboxRelay,
      Upkeep,
      Idempotency,
      ...paymentParts(settings),
      LedgerGrpc,
      SettleConsumer,
      Background,
      ...identityParts(settings),
      { provide: APP_GUARD, useClass: CallerGuard },
      { provide: CallerCheck, useExisting: Identity },
      { provide: LedgerStore, useClass: PgLedgerStore },
      { provide: LeaseStore, useClass: PgLeaseStore },
      { provide: IdempotencyStore, useClass: PgIdempotencyStore },
      { provide: LeaseRecall, useClass: NatsLeaseRecall },
      { provide: LedgerReader, useClass: PgLedgerReader },
      { provide: LedgerEvents, useClass: CountedLedgerEvents },
      { provide: OutboxStore, useClass: PgOutboxStore },
      { provide: EventPublisher, useClass: NatsEventPublisher },
      { provide: BusStreams, useClass: NatsBusStreams },
      { provide: Clock, useClass: SystemClock },
      { provide: Log, useValue: log },
      { provide: Metrics, useValue: metrics },
      { provide: NatsBus, useValue: bus },
      { provide: Pool, useValue: pool },
      {
        provide: PrismaClient,
        useFactory: () => openClient(settings.ACCOUNTS_DATABASE_URL),
      },
      {
        provide: LedgerBatches,
        useValue: new LedgerBatches(batchLimits(settings), settings.ACCOUNTS_IDEMPOTENCY_TTL_MS),
      },
      { provide: LeaseSettings, useValue: new LeaseSettings(settings.ACCOUNTS_LEASE_KEEP) },
      { provide: TicketSecret, useValue: new TicketSecret(settings.AISBF_INTERNAL_SECRET) },
      {
        provide: OracleSettings,
        useValue: new OracleSettings(settings.ACCOUNTS_VIOLATIONS_MS_MAX),
      },
      { provide: Pepper, useValue: new Pepper(settings.ACCOUNTS_SECRET_PEPPER) },
      { provide: DefaultTokenLimits, useValue: new DefaultTokenLimits(defaultLimits(settings)) },
      {
        provide: BackgroundJobs,
        inject: [Reaper, OutboxRelay, BusStreams, Upkeep, Idempotency, PaymentJobs],
        useFactory: (
          reaper: Reaper,
          relay: OutboxRelay,
          busStreams: BusStreams,
          upkeep: Upkeep,
          idempotency: Idempotency,
          payments: PaymentJobs,
        ) =>
          new BackgroundJobs([
            job('reaper', settings.ACCOUNTS_REAPER_INTERVAL_MS, () => reaper.reap()),
            job('outbox', settings.ACCOUNTS_OUTBOX_INTERVAL_MS, () => relay.relay()),
            job('streams', settings.ACCOUNTS_STREAMS_INTERVAL_MS, () => busStreams.ensure()),
            job('idempotency', settings.ACCOUNTS_IDEMPOTENCY_PURGE_INTERVAL_MS, () =>
              idempotency.purge(),
            ),
            job('fold', settings.ACCOUNTS_FOLD_INTERVAL_MS, () => upkeep.fold()),
            job('violations', settings.ACCOUNTS_VIOLATIONS_INTERVAL_MS, () => upkeep.check()),
            ...payments.all,
          ]),
      },
    ],
  };
}

/** Who may come in, and how that ends. */
function identityParts(settings: AccountsSettings): Provider[] {
  return [
    Identity,
    Users,
    ApiTokens,
    TokenUse,
    Authentication,
    Invitations,
    Revocations,
    AuditLog,
    AuthRoutesDoor,
    AccessUpkeep,
    { provide: ApiTokenReader, useClass: PgApiTokenReader },
    { provide: ApiTokenStore, useClass: PrismaApiTokenStore },
    { provide: Directory, useClass: PrismaDirectory },
    { provide: AuditStore, useClass: PrismaAuditStore },
    { provide: AccessStore, useClass: PgAccessStore },
    { provide: AccessAnnouncer, useClass: NatsAccessAnnouncer },
    { provide: Sessions, useClass: PgSessions },
    { provide: AttemptLimits, useClass: PgAttemptLimits },
    { provide: Usernames, useClass: PgUsernames },
    {
      provide: Mailer,
      useFactory: () =>
        mailerOf({
          smtpUrl: settings.ACCOUNTS_SMTP_URL,
          folder: settings.ACCOUNTS_MAIL_FOLDER,
          from: settings.ACCOUNTS_MAIL_FROM,
        }),
    },
    {
      provide: SignIn,
      inject: [Pool, Sessions, Mailer, AuditStore, Log],
      useFactory: (pool: Pool, sessions: Sessions, mailer: Mailer, audit: AuditStore, log: Log) =>
        new BetterAuthSignIn({ pool, sessions, mailer, audit, log }, signInSettings(settings)),
    },
    { provide: PublicUrl, useValue: new PublicUrl(settings.ACCOUNTS_PUBLIC_URL) },
    {
      provide: RevocationSettings,
      useValue: new RevocationSettings(
        settings.AISBF_ACCESS_LEASE_MS,
        settings.ACCOUNTS_ACKNOWLEDGE_MS_MAX,
      ),
    },
    {
      provide: UpkeepSettings,
      useValue: new UpkeepSettings(
        settings.ACCOUNTS_TOKEN_USE_INTERVAL_MS,
        settings.ACCOUNTS_ACCESS_CHANGES_KEPT_MS,
      ),
    },
    {
      provide: AuthenticationSettings,
      useValue: new AuthenticationSettings(
        settings.ACCOUNTS_SIGN_UP === 'open',
        settings.ACCOUNTS_SIGN_IN_ATTEMPTS_MAX,
        settings.ACCOUNTS_SIGN_IN_WINDOW_MS,
      ),
    },
  ];
}

/** Money that comes from outside. */
function paymentParts(settings: AccountsSettings): Provider[] {
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

function signInSettings(settings: AccountsSettings) {
  return {
    publicUrl: settings.ACCOUNTS_PUBLIC_URL,
    trustedOrigins: settings.ACCOUNTS_TRUSTED_ORIGINS.split(',')
      .map((origin) => origin.trim())
      .filter((origin) => origin !== ''),
    pepper: settings.ACCOUNTS_SECRET_PEPPER,
    sessionTtlMs: settings.ACCOUNTS_SESSION_TTL_MS,
    accessTokenTtlMs: settings.ACCOUNTS_ACCESS_TOKEN_TTL_MS,
    linkTtlMs: settings.ACCOUNTS_MAIL_LINK_TTL_MS,
    addressAttemptsMax: settings.ACCOUNTS_SIGN_IN_ADDRESS_ATTEMPTS_MAX,
  };
}

function paymentProvider(settings: AccountsSettings): PaymentProvider {
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

/** What is done about payments in the background; without a provider, what there is to do without one. */
class PaymentJobs {
  constructor(readonly all: readonly BackgroundJob[]) {}
}

function defaultLimits(settings: AccountsSettings) {
  return {
    requestsPerMinuteMax: settings.ACCOUNTS_TOKEN_REQUESTS_PER_MINUTE_MAX,
    tokensPerMinuteMax: settings.ACCOUNTS_TOKEN_TOKENS_PER_MINUTE_MAX,
    concurrencyMax: settings.ACCOUNTS_TOKEN_CONCURRENCY_MAX,
  };
}

function batchLimits(settings: AccountsSettings) {
  return {
    lanesMax: settings.ACCOUNTS_BATCH_LANES_MAX,
    itemsMax: settings.ACCOUNTS_BATCH_ITEMS_MAX,
  };
}

function job(what: string, intervalMs: number, run: () => Promise<unknown>) {
  return { what, intervalMs, run };
}

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
import { ApiTokensController } from './inbound/api-tokens.controller.js';
import { AuthRoutesDoor, PublicUrl } from './inbound/auth-routes.js';
import { Background, BackgroundJobs } from './inbound/background.js';
import { InternalController } from './inbound/internal.controller.js';
import { LedgerGrpc } from './inbound/ledger.grpc.js';
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
import { PgApiTokenReader } from './outbound/pg-api-token-reader.js';
import { LeaseSettings, PgLeaseStore } from './outbound/pg-lease-store.js';
import { OracleSettings, PgLedgerReader } from './outbound/pg-ledger-reader.js';
import { LedgerBatches, PgLedgerStore } from './outbound/pg-ledger-store.js';
import { PgOutboxStore } from './outbound/pg-outbox-store.js';
import { PgAttemptLimits, PgSessions, PgUsernames } from './outbound/pg-sign-in-stores.js';
import { PrismaApiTokenStore } from './outbound/prisma-api-token-store.js';
import { PrismaAuditStore } from './outbound/prisma-audit-store.js';
import { PrismaDirectory } from './outbound/prisma-directory.js';
import { ApiTokenReader, ApiTokenStore } from './services/api-token-store.js';
import { ApiTokens, DefaultTokenLimits } from './services/api-tokens.js';
import { AuditLog, AuditStore } from './services/audit-log.js';
import { Authentication, AuthenticationSettings } from './services/authentication.js';
import { Authorisation } from './services/authorisation.js';
import { BusStreams } from './services/bus-streams.js';
import { Directory } from './services/directory.js';
import { HeldRequests, TicketSecret } from './services/held-requests.js';
import { Identity } from './services/identity.js';
import { Invitations } from './services/invitations.js';
import { LeaseRecall, LeaseStore } from './services/lease-store.js';
import { LedgerEvents } from './services/ledger-events.js';
import { LedgerReader, LedgerStore } from './services/ledger-store.js';
import { Mailer } from './services/mailer.js';
import { EventPublisher, OutboxRelay, OutboxStore } from './services/outbox-relay.js';
import { Pepper } from './services/pepper.js';
import { Reaper } from './services/reaper.js';
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
      AccountController,
      UsersController,
      ApiTokensController,
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
      LedgerGrpc,
      SettleConsumer,
      Background,
      ...identityParts(settings),
      { provide: APP_GUARD, useClass: CallerGuard },
      { provide: CallerCheck, useExisting: Identity },
      { provide: LedgerStore, useClass: PgLedgerStore },
      { provide: LeaseStore, useClass: PgLeaseStore },
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
      { provide: LedgerBatches, useValue: new LedgerBatches(batchLimits(settings)) },
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
        inject: [Reaper, OutboxRelay, BusStreams, Upkeep],
        useFactory: (reaper: Reaper, relay: OutboxRelay, busStreams: BusStreams, upkeep: Upkeep) =>
          new BackgroundJobs([
            job('reaper', settings.ACCOUNTS_REAPER_INTERVAL_MS, () => reaper.reap()),
            job('outbox', settings.ACCOUNTS_OUTBOX_INTERVAL_MS, () => relay.relay()),
            job('streams', settings.ACCOUNTS_STREAMS_INTERVAL_MS, () => busStreams.ensure()),
            job('fold', settings.ACCOUNTS_FOLD_INTERVAL_MS, () => upkeep.fold()),
            job('violations', settings.ACCOUNTS_VIOLATIONS_INTERVAL_MS, () => upkeep.check()),
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

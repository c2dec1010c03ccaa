import {
  CallerCheck,
  CallerGuard,
  Clock,
  Log,
  Metrics,
  NatsBus,
  SystemClock,
} from '@aisbf/platform';
import type { DynamicModule } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import type { AccountsSettings } from './config.js';
import { AccountController } from './inbound/account.controller.js';
import { Background, BackgroundIntervals } from './inbound/background.js';
import { InternalController } from './inbound/internal.controller.js';
import { LedgerGrpc } from './inbound/ledger.grpc.js';
import { SettleConsumer } from './inbound/settle-consumer.js';
import { openClient, Pool, PrismaClient } from './outbound/accounts-database.js';
import { CountedLedgerEvents } from './outbound/counted-ledger-events.js';
import { NatsBusStreams } from './outbound/nats-bus-streams.js';
import { NatsEventPublisher } from './outbound/nats-event-publisher.js';
import { PgApiTokenReader } from './outbound/pg-api-token-reader.js';
import { PgLedgerReader } from './outbound/pg-ledger-reader.js';
import { PgLedgerStore } from './outbound/pg-ledger-store.js';
import { PgOutboxStore } from './outbound/pg-outbox-store.js';
import { PrismaDirectory } from './outbound/prisma-directory.js';
import { ApiTokens, DefaultTokenLimits } from './services/api-tokens.js';
import { Authorisation } from './services/authorisation.js';
import { BusStreams } from './services/bus-streams.js';
import { ApiTokenReader, Directory } from './services/directory.js';
import { Identity } from './services/identity.js';
import { LedgerEvents } from './services/ledger-events.js';
import { LedgerReader, LedgerStore } from './services/ledger-store.js';
import { EventPublisher, OutboxRelay, OutboxStore } from './services/outbox-relay.js';
import { Pepper } from './services/pepper.js';
import { Reaper } from './services/reaper.js';
import { Settlement } from './services/settlement.js';
import { Statements } from './services/statements.js';
import { Users } from './services/users.js';

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
    controllers: [InternalController, AccountController],
    providers: [
      Identity,
      Users,
      ApiTokens,
      Authorisation,
      Settlement,
      Statements,
      Reaper,
      OutboxRelay,
      LedgerGrpc,
      SettleConsumer,
      Background,
      { provide: APP_GUARD, useClass: CallerGuard },
      { provide: CallerCheck, useExisting: Identity },
      { provide: LedgerStore, useClass: PgLedgerStore },
      { provide: LedgerReader, useClass: PgLedgerReader },
      { provide: LedgerEvents, useClass: CountedLedgerEvents },
      { provide: ApiTokenReader, useClass: PgApiTokenReader },
      { provide: Directory, useClass: PrismaDirectory },
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
      { provide: Pepper, useValue: new Pepper(settings.ACCOUNTS_SECRET_PEPPER) },
      { provide: DefaultTokenLimits, useValue: new DefaultTokenLimits(defaultLimits(settings)) },
      { provide: BackgroundIntervals, useValue: intervals(settings) },
    ],
  };
}

function defaultLimits(settings: AccountsSettings) {
  return {
    requestsPerMinuteMax: settings.ACCOUNTS_TOKEN_REQUESTS_PER_MINUTE_MAX,
    tokensPerMinuteMax: settings.ACCOUNTS_TOKEN_TOKENS_PER_MINUTE_MAX,
    concurrencyMax: settings.ACCOUNTS_TOKEN_CONCURRENCY_MAX,
  };
}

function intervals(settings: AccountsSettings) {
  return new BackgroundIntervals(
    settings.ACCOUNTS_REAPER_INTERVAL_MS,
    settings.ACCOUNTS_OUTBOX_INTERVAL_MS,
    settings.ACCOUNTS_VIOLATIONS_INTERVAL_MS,
    settings.ACCOUNTS_STREAMS_INTERVAL_MS,
  );
}

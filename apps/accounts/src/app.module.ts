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
import { FileJobs, fileParts } from './file.module.js';
import { identityParts } from './identity.module.js';
import { AccessController } from './inbound/access.controller.js';
import { AccountController } from './inbound/account.controller.js';
import { ActsController } from './inbound/acts.controller.js';
import { AnswersController } from './inbound/answers.controller.js';
import { ApiTokensController } from './inbound/api-tokens.controller.js';
import { Background, BackgroundJobs, job } from './inbound/background.js';
import { BatchWorkController } from './inbound/batch-work.controller.js';
import { BatchesController } from './inbound/batches.controller.js';
import { FilesController } from './inbound/files.controller.js';
import { InternalController } from './inbound/internal.controller.js';
import { LedgerGrpc } from './inbound/ledger.grpc.js';
import { PaymentController } from './inbound/payment.controller.js';
import { PayoutController } from './inbound/payout.controller.js';
import { RepairController } from './inbound/repair.controller.js';
import { RequestMoneyController } from './inbound/request-money.controller.js';
import { SelectionsController } from './inbound/selections.controller.js';
import { SettleConsumer } from './inbound/settle-consumer.js';
import { StoredResponsesController } from './inbound/stored-responses.controller.js';
import { UsageController } from './inbound/usage.controller.js';
import { UsersController } from './inbound/users.controller.js';
import { VideoJobsController } from './inbound/video-jobs.controller.js';
import { openClient, Pool, PrismaClient } from './outbound/accounts-database.js';
import { CountedLedgerEvents } from './outbound/counted-ledger-events.js';
import { NatsBusStreams } from './outbound/nats-bus-streams.js';
import { NatsEventPublisher } from './outbound/nats-event-publisher.js';
import { NatsLeaseRecall } from './outbound/nats-lease-recall.js';
import { PgCheckpointStore } from './outbound/pg-checkpoint-store.js';
import { PgIdempotencyStore } from './outbound/pg-idempotency-store.js';
import { LeaseSettings, PgLeaseStore } from './outbound/pg-lease-store.js';
import { PgLedgerReader } from './outbound/pg-ledger-reader.js';
import { LedgerBatches, PgLedgerStore } from './outbound/pg-ledger-store.js';
import { PgOutboxStore } from './outbound/pg-outbox-store.js';
import { PgVideoJobStore } from './outbound/pg-video-job-store.js';
import { PaymentJobs, paymentParts } from './payment.module.js';
import { PayoutJobs, payoutParts } from './payout.module.js';
import { ReconciliationJobs, reconciliationParts } from './reconciliation.module.js';
import { StoredResponseJobs, storedResponseParts } from './responses.module.js';
import { SelectionJobs, selectionParts } from './selection.module.js';
import { Authorisation } from './services/authorisation.js';
import { BusStreams } from './services/bus-streams.js';
import { CheckpointStore, Checkpoints } from './services/checkpoints.js';
import { HeldRequests, TicketSecret } from './services/held-requests.js';
import { Idempotency, IdempotencyStore } from './services/idempotency.js';
import { Identity } from './services/identity.js';
import { LeaseRecall, LeaseStore } from './services/lease-store.js';
import { LedgerEvents } from './services/ledger-events.js';
import { LedgerReader, LedgerStore } from './services/ledger-store.js';
import { EventPublisher, OutboxRelay, OutboxStore } from './services/outbox-relay.js';
import { Pepper } from './services/pepper.js';
import { Reaper } from './services/reaper.js';
import { Settlement } from './services/settlement.js';
import { Statements } from './services/statements.js';
import { Upkeep } from './services/upkeep.js';
import { VideoJobSettings, VideoJobStore, VideoJobs } from './services/video-jobs.js';
import { Withdrawal } from './services/withdrawal.js';
import { UsageJobs, usageParts } from './usage.module.js';

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
      FilesController,
      BatchesController,
      BatchWorkController,
      StoredResponsesController,
      VideoJobsController,
      ActsController,
      SelectionsController,
      AccountController,
      UsersController,
      ApiTokensController,
      PaymentController,
      UsageController,
      PayoutController,
      RepairController,
    ],
    providers: [
      Authorisation,
      HeldRequests,
      Settlement,
      Checkpoints,
      Withdrawal,
      Statements,
      Reaper,
      OutboxRelay,
      Upkeep,
      Idempotency,
      ...selectionParts(settings),
      VideoJobs,
      ...paymentParts(settings),
      ...storedResponseParts(settings),
      ...usageParts(settings, log),
      ...payoutParts(settings),
      ...reconciliationParts(settings, log),
      ...fileParts(settings),
      LedgerGrpc,
      SettleConsumer,
      Background,
      ...identityParts(settings),
      { provide: APP_GUARD, useClass: CallerGuard },
      { provide: CallerCheck, useExisting: Identity },
      { provide: LedgerStore, useClass: PgLedgerStore },
      { provide: CheckpointStore, useClass: PgCheckpointStore },
      { provide: LeaseStore, useClass: PgLeaseStore },
      { provide: IdempotencyStore, useClass: PgIdempotencyStore },
      { provide: VideoJobStore, useClass: PgVideoJobStore },
      {
        provide: VideoJobSettings,
        useValue: new VideoJobSettings(settings.ACCOUNTS_VIDEO_JOB_TTL_MS),
      },
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
      { provide: Pepper, useValue: new Pepper(settings.ACCOUNTS_SECRET_PEPPER) },
      backgroundJobs(settings),
    ],
  };
}

function backgroundJobs(settings: AccountsSettings): Provider {
  return {
    provide: BackgroundJobs,
    inject: [
      ...[Reaper, OutboxRelay, BusStreams, Upkeep, Idempotency],
      ...[StoredResponseJobs, PaymentJobs, UsageJobs, PayoutJobs, ReconciliationJobs],
      ...[SelectionJobs, FileJobs],
    ],
    useFactory: (
      reaper: Reaper,
      relay: OutboxRelay,
      busStreams: BusStreams,
      upkeep: Upkeep,
      idempotency: Idempotency,
      ...areas: readonly BackgroundJobs[]
    ) =>
      new BackgroundJobs([
        job('reaper', settings.ACCOUNTS_REAPER_INTERVAL_MS, () => reaper.reap()),
        job('outbox', settings.ACCOUNTS_OUTBOX_INTERVAL_MS, () => relay.relay()),
        job('streams', settings.ACCOUNTS_STREAMS_INTERVAL_MS, () => busStreams.ensure()),
        job('idempotency', settings.ACCOUNTS_IDEMPOTENCY_PURGE_INTERVAL_MS, () =>
          idempotency.purge(),
        ),
        job('fold', settings.ACCOUNTS_FOLD_INTERVAL_MS, () => upkeep.fold()),
        ...areas.flatMap(({ all }) => all),
      ]),
  };
}

function batchLimits(settings: AccountsSettings) {
  return {
    lanesMax: settings.ACCOUNTS_BATCH_LANES_MAX,
    itemsMax: settings.ACCOUNTS_BATCH_ITEMS_MAX,
    besideMin: settings.ACCOUNTS_BATCH_ITEMS_MAX,
  };
}

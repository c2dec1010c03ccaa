import { randomUUID } from 'node:crypto';
import { AccessLease, Principals, type RunningAccess } from '@aisbf/access';
import { egressPolicies } from '@aisbf/egress';
import {
  CallerCheck,
  CallerGuard,
  Clock,
  InternalClient,
  Log,
  Metrics,
  NatsBus,
} from '@aisbf/platform';
import type { DynamicModule } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { Redis } from 'ioredis';
import type { RouterSettings } from './config.js';
import { CredentialEvents } from './credential-events.js';
import { Presence, type PresenceSettings } from './domain/presence.js';
import { RouterEvents } from './events.js';
import { ActTending, ActTendingSettings } from './inbound/act-tending.js';
import { AllowanceTending } from './inbound/allowance-tending.js';
import { AutoselectsController } from './inbound/autoselects.controller.js';
import { CatalogueWatch, CatalogueWatchSettings } from './inbound/catalogue-watch.js';
import { CredentialTending, CredentialTendingSettings } from './inbound/credential-tending.js';
import { ExpiryWatch, ExpiryWatchSettings } from './inbound/expiry-watch.js';
import { FactListener } from './inbound/fact-listener.js';
import { FeesController } from './inbound/fees.controller.js';
import { HealthController } from './inbound/health.controller.js';
import { ImportsController } from './inbound/imports.controller.js';
import { InternalController } from './inbound/internal.controller.js';
import { ListingsController } from './inbound/listings.controller.js';
import { MarketController } from './inbound/market.controller.js';
import { PaceController } from './inbound/pace.controller.js';
import { PresenceListener, PresenceListenerSettings } from './inbound/presence-listener.js';
import { ProvidersController } from './inbound/providers.controller.js';
import { RegistrationsController } from './inbound/registrations.controller.js';
import { RevisionController } from './inbound/revision.controller.js';
import { RotationsController } from './inbound/rotations.controller.js';
import { RouterGrpc } from './inbound/router.grpc.js';
import { UsageChecksController } from './inbound/usage-checks.controller.js';
import { CredentialVault } from './outbound/credential-vault.js';
import { HttpAccounts } from './outbound/http-accounts.js';
import { HttpActRecord } from './outbound/http-act-record.js';
import { HttpLeases } from './outbound/http-leases.js';
import { NatsAnnouncements } from './outbound/nats-announcements.js';
import { PgCatalogueStore } from './outbound/pg-catalogue-store.js';
import { CredentialBatch, PgCredentialStore } from './outbound/pg-credential-store.js';
import { PgTermHistory } from './outbound/pg-term-history.js';
import { PrismaActStore } from './outbound/prisma-act-store.js';
import { PrismaCatalogueWriter } from './outbound/prisma-catalogue-writer.js';
import { RedisProviderRates } from './outbound/redis-provider-rates.js';
import { RedisRateLimits } from './outbound/redis-rate-limits.js';
import { ReadingPool, WritingClient } from './outbound/router-database.js';
import { outlierSettingsOf, probeParts } from './probes.module.js';
import { replicaParts } from './replica.module.js';
import { selectionParts } from './selection.module.js';
import { Accounts } from './services/accounts.js';
import { ActRecord, ActRelay, ActStore } from './services/act-relay.js';
import { Admission } from './services/admission.js';
import { AdviceSeeking } from './services/advice-seeking.js';
import { AllowanceSettings, Allowances } from './services/allowances.js';
import { Announcements } from './services/announcements.js';
import { AutoselectManagement } from './services/autoselect-management.js';
import { CatalogueEditing, CatalogueWriter } from './services/catalogue-editing.js';
import { CredentialStore, CredentialUpkeep } from './services/credential-upkeep.js';
import { FeeManagement } from './services/fee-management.js';
import { HoldDesk, TicketSecret } from './services/hold-desk.js';
import { ImportManagement, ImportSettings } from './services/import-management.js';
import { Leases } from './services/leases.js';
import { ListingManagement } from './services/listing-management.js';
import { CatalogueStore, LiveCatalogue } from './services/live-catalogue.js';
import { LiveFailuresSettings } from './services/live-failures.js';
import { HealthSettings } from './services/live-health.js';
import { PaceSettings } from './services/live-pace.js';
import { Market } from './services/market.js';
import { MarketReport } from './services/market-report.js';
import { ModelList } from './services/model-list.js';
import { TermSettings } from './services/new-term.js';
import { OwnerRateSettings, OwnerRates } from './services/owner-rates.js';
import { Owners } from './services/owners.js';
import { Places } from './services/places.js';
import { Planning, PlanningSettings } from './services/planning.js';
import { HostedProviderSettings, ProviderKinds } from './services/provider-kinds.js';
import { ProviderManagement } from './services/provider-management.js';
import { ProviderRates } from './services/provider-rates.js';
import { RateCheck, RateCheckSettings } from './services/rate-check.js';
import { RateLimits } from './services/rate-limits.js';
import { RatedPlanning } from './services/rated-planning.js';
import {
  RegistrationManagement,
  RegistrationSettings,
} from './services/registration-management.js';
import { RegistrationTokens } from './services/registration-tokens.js';
import { RotationManagement } from './services/rotation-management.js';
import { RateCounter, SlicedRateLimits } from './services/sliced-rate-limits.js';
import { TermHistory } from './services/term-history.js';
import { TermManagement } from './services/term-management.js';
import { UsageCheckManagement } from './services/usage-check-management.js';
import { UsageLessons } from './services/usage-lessons.js';
import { UsageWatch, UsageWatchSettings } from './services/usage-watch.js';
import { UsualOutputSettings, UsualOutputs } from './services/usual-outputs.js';
import { WorkerAdmission } from './services/worker-admission.js';

/** What is made before Nest is, and shared with the start of the process. */
export type RouterParts = Readonly<{
  accounts: InternalClient;
  access: Pick<RunningAccess, 'lease' | 'principals'>;
  clock: Clock;
  bus: NatsBus;
  log: Log;
  metrics: Metrics;
  redis: Redis;
  reading: ReadingPool;
  writing: WritingClient;
}>;

class AppModule {}

const controllers = [
  InternalController,
  ProvidersController,
  PaceController,
  HealthController,
  RegistrationsController,
  ListingsController,
  FeesController,
  RotationsController,
  AutoselectsController,
  MarketController,
  ImportsController,
  UsageChecksController,
  RevisionController,
];

/** The parts of the service, and what stands behind each port. */
export function appModule(settings: RouterSettings, parts: RouterParts): DynamicModule {
  return {
    module: AppModule,
    controllers: [...controllers],
    providers: [
      LiveCatalogue,
      Market,
      Planning,
      RatedPlanning,
      OwnerRates,
      RateCheck,
      Allowances,
      UsualOutputs,
      UsageWatch,
      UsageLessons,
      UsageCheckManagement,
      HoldDesk,
      Admission,
      ModelList,
      AdviceSeeking,
      WorkerAdmission,
      Owners,
      CatalogueEditing,
      ProviderKinds,
      ProviderManagement,
      Places,
      RegistrationManagement,
      ListingManagement,
      FeeManagement,
      TermManagement,
      RotationManagement,
      CredentialUpkeep,
      AutoselectManagement,
      MarketReport,
      ImportManagement,
      ActRelay,
      ActTending,
      RouterEvents,
      CredentialEvents,
      RouterGrpc,
      AllowanceTending,
      CatalogueWatch,
      CredentialTending,
      ExpiryWatch,
      FactListener,
      PresenceListener,
      { provide: APP_GUARD, useClass: CallerGuard },
      { provide: AccessLease, useValue: parts.access.lease },
      { provide: Principals, useValue: parts.access.principals },
      { provide: CallerCheck, useExisting: Principals },
      { provide: Accounts, useClass: HttpAccounts },
      { provide: Leases, useClass: HttpLeases },
      { provide: Announcements, useClass: NatsAnnouncements },
      { provide: CatalogueStore, useClass: PgCatalogueStore },
      { provide: CatalogueWriter, useClass: PrismaCatalogueWriter },
      { provide: CredentialStore, useClass: PgCredentialStore },
      { provide: TermHistory, useClass: PgTermHistory },
      { provide: ActStore, useClass: PrismaActStore },
      { provide: ActRecord, useClass: HttpActRecord },
      { provide: RateCounter, useClass: RedisRateLimits },
      {
        provide: RateLimits,
        inject: [RateCounter, Clock],
        useFactory: (counter: RateCounter, clock: Clock) =>
          new SlicedRateLimits(counter, clock, {
            lifeMs: settings.ROUTER_RATE_SLICE_MS,
            apiTokensMax: settings.ROUTER_PRINCIPAL_ENTRIES_MAX,
          }),
      },
      { provide: ProviderRates, useClass: RedisProviderRates },
      { provide: Clock, useValue: parts.clock },
      { provide: InternalClient, useValue: parts.accounts },
      { provide: NatsBus, useValue: parts.bus },
      { provide: Log, useValue: parts.log },
      { provide: Metrics, useValue: parts.metrics },
      { provide: Redis, useValue: parts.redis },
      { provide: ReadingPool, useValue: parts.reading },
      { provide: WritingClient, useValue: parts.writing },
      ...probeParts(settings),
      ...selectionParts(settings),
      ...replicaParts(settings),
      ...settingsFor(settings),
    ],
  };
}

function presenceSettingsFor(settings: RouterSettings) {
  return [
    value(new Presence(presenceSettings(settings))),
    value(new PresenceListenerSettings(settings.ROUTER_PRESENCE_TICK_MS)),
  ];
}

/** The settings as the parts want them. */
function settingsFor(settings: RouterSettings) {
  return [
    value(new RegistrationTokens(settings.ROUTER_SECRET_PEPPER)),
    ...hostedSettingsFor(settings),
    ...presenceSettingsFor(settings),
    value(new ExpiryWatchSettings(settings.ROUTER_REGISTRATION_EXPIRY_TICK_MS)),
    value(
      new RegistrationSettings(
        settings.ROUTER_REGISTRATION_OVERLAP_MS,
        settings.ROUTER_REGISTRATIONS_MAX,
      ),
    ),
    value(new ActTendingSettings(settings.ROUTER_ACTS_INTERVAL_MS)),
    value(new CatalogueWatchSettings(settings.ROUTER_CATALOGUE_POLL_MS)),
    value(healthSettings(settings)),
    value(new LiveFailuresSettings(settings.ROUTER_PACE_ENTRIES_MAX)),
    value(new PaceSettings(settings.ROUTER_PACE_REQUESTS_MIN, settings.ROUTER_PACE_ENTRIES_MAX)),
    value(new OwnerRateSettings(settings.ROUTER_OWNER_RATE_REQUESTS_MAX)),
    value(new RateCheckSettings(settings.ROUTER_LIMITS_OPEN === 'true')),
    value(termSettings(settings)),
    value(new ImportSettings(settings.ROUTER_IMPORTS_MAX)),
    value(planningSettings(settings)),
    value(
      new UsualOutputSettings(
        settings.ROUTER_USUAL_ENTRIES_MAX,
        settings.ROUTER_USUAL_ANSWERS_MAX,
        settings.ROUTER_USUAL_ANSWERS_MIN,
      ),
    ),
    value(
      new UsageWatchSettings(
        settings.ROUTER_USAGE_REQUESTS,
        { flagBps: settings.ROUTER_USAGE_FLAG_BPS, pauseBps: settings.ROUTER_USAGE_PAUSE_BPS },
        settings.ROUTER_USAGE_ENTRIES_MAX,
      ),
    ),
    value(new TicketSecret(settings.AISBF_INTERNAL_SECRET)),
    value(
      new AllowanceSettings({
        holder: `router-${randomUUID()}`,
        isOn: settings.ROUTER_LEASES === 'true',
        idleMs: settings.ROUTER_LEASE_IDLE_MS,
        issueMsMax: settings.ROUTER_LEASE_ISSUE_MS_MAX,
        holdTtlMs: settings.ROUTER_HOLD_TTL_MS,
        restMs: settings.ROUTER_LEASE_REST_MS,
      }),
    ),
  ];
}

function hostedSettingsFor(settings: RouterSettings) {
  return [
    value(new CredentialVault(settings.ROUTER_CREDENTIAL_KEYS)),
    value(new CredentialTendingSettings(settings.ROUTER_CREDENTIAL_REWRAP_INTERVAL_MS)),
    value(new CredentialBatch(settings.ROUTER_CREDENTIAL_REWRAP_BATCH)),
    value(
      new HostedProviderSettings(
        egressPolicies(settings),
        settings.ROUTER_HOSTED_BY_USERS === 'true',
      ),
    ),
  ];
}

function termSettings(settings: RouterSettings): TermSettings {
  return new TermSettings(settings.ROUTER_FEE_BPS, BigInt(settings.ROUTER_PRICE_NANOS_MAX), {
    aheadMax: settings.ROUTER_TERMS_AHEAD_MAX,
    horizonMs: settings.ROUTER_TERMS_AHEAD_MS_MAX,
  });
}

export function presenceSettings(settings: RouterSettings): PresenceSettings {
  return {
    brokerSilenceMsMax: settings.ROUTER_BROKER_SILENCE_MS_MAX,
    snapshotRetryMs: settings.ROUTER_PRESENCE_RETRY_MS,
    bufferedEventsMax: settings.ROUTER_PRESENCE_EVENTS_MAX,
  };
}

export function healthSettings(settings: RouterSettings): HealthSettings {
  return new HealthSettings(
    {
      baseMs: settings.ROUTER_COOLDOWN_MS_BASE,
      maxMs: settings.ROUTER_COOLDOWN_MS_MAX,
      retryAfterMsMax: settings.ROUTER_RETRY_AFTER_MS_MAX,
      recentMax: settings.ROUTER_OUTLIER_ATTEMPTS,
      recentRestMs: settings.ROUTER_OUTLIER_MS,
    },
    settings.ROUTER_TRIAL_MS_MAX,
    settings.ROUTER_COOLDOWN_ENTRIES_MAX,
  );
}

export function planningSettings(settings: RouterSettings): PlanningSettings {
  return new PlanningSettings(
    {
      feeBpsDefault: settings.ROUTER_FEE_BPS,
      candidatesMax: settings.ROUTER_CANDIDATES_MAX,
      rejectionsMax: settings.ROUTER_REJECTIONS_MAX,
      outputTokensDefault: settings.ROUTER_OUTPUT_TOKENS_DEFAULT,
      outputTokensSmall: settings.ROUTER_OUTPUT_TOKENS_SMALL,
      outputTokensMax: settings.ROUTER_OUTPUT_TOKENS_MAX,
      promptTokensMax: settings.ROUTER_PROMPT_TOKENS_MAX,
      frameOverheadBytes: settings.ROUTER_FRAME_OVERHEAD_BYTES,
      sessionQueuedMax: settings.ROUTER_SESSION_QUEUED_MAX,
      outliers: outlierSettingsOf(settings),
      selectedOffersMax: settings.ROUTER_AUTOSELECT_OFFERS_MAX,
    },
    {
      firstByteMs: settings.ROUTER_FIRST_BYTE_MS_MAX,
      idleMs: settings.ROUTER_IDLE_MS_MAX,
      totalMs: settings.ROUTER_TOTAL_MS_MAX,
    },
    settings.ROUTER_ATTEMPTS_MAX,
    settings.ROUTER_HOLD_TTL_MS,
    settings.ROUTER_REALTIME_MS_MAX,
  );
}

/** A ready-made object that stands for its own class. */
function value(part: object) {
  return { provide: part.constructor, useValue: part };
}

import { tmpdir } from 'node:os';
import { EgressAgents, egressPolicies } from '@aisbf/egress';
import { Clock, InternalClient, Log, Metrics, NatsBus, SystemClock } from '@aisbf/platform';
import type { DynamicModule, Provider } from '@nestjs/common';
import { adviceParts } from './advice.module.js';
import { batchParts } from './batch.module.js';
import { checkpointParts } from './checkpoint.module.js';
import type { GatewaySettings } from './config.js';
import { fileParts } from './file.module.js';
import { Explanations } from './inbound/explanations.js';
import { FormDoor } from './inbound/form-door.js';
import { UploadLimits } from './inbound/form-upload.js';
import { DoorLimits, InferenceDoor } from './inbound/inference-door.js';
import { MessageRoutes } from './inbound/message-routes.js';
import { OllamaLikeness, OllamaProbes } from './inbound/ollama-probes.js';
import { OpenAiRoutes } from './inbound/openai-routes.js';
import { Refusals } from './inbound/refusals.js';
import { ResponseRoutes } from './inbound/response-routes.js';
import { DiskSpools } from './outbound/disk-spools.js';
import { DurableSettlements } from './outbound/durable-settlements.js';
import { EgressRefusals } from './outbound/egress-refusals.js';
import { HttpAdmission } from './outbound/http-admission.js';
import { HttpHolds } from './outbound/http-holds.js';
import { HttpKeptAnswers } from './outbound/http-kept-answers.js';
import { HttpStoredResponseStore } from './outbound/http-stored-response-store.js';
import { HttpUpstream } from './outbound/http-upstream.js';
import { MetadataMediaLength } from './outbound/metadata-media-length.js';
import { NatsHealthFacts } from './outbound/nats-health-facts.js';
import { realtimeParts } from './realtime.module.js';
import { Admission } from './services/admission.js';
import { Admitting } from './services/admitting.js';
import { AnswerLimits } from './services/answer-relay.js';
import { AttemptBook, HedgeLimits } from './services/attempts.js';
import { FormLooks } from './services/form-looks.js';
import { HealthFacts } from './services/health-facts.js';
import { Holds } from './services/holds.js';
import { IdempotentInference, KeptAnswerLimits } from './services/idempotent-inference.js';
import { Inference } from './services/inference.js';
import { KeptAnswers } from './services/kept-answers.js';
import { MediaLength } from './services/media-length.js';
import { OutputHoldSettings } from './services/output-hold.js';
import { PaidRelay } from './services/paid-relay.js';
import { Relay } from './services/relay.js';
import { RetryBudgets, RetryLimits } from './services/retry-budgets.js';
import { RunningRequests } from './services/running-requests.js';
import { Settlements } from './services/settlements.js';
import { SoundMeters } from './services/sound-meters.js';
import { Spools } from './services/spools.js';
import {
  StoredResponseLimits,
  StoredResponseStore,
  StoredResponses,
} from './services/stored-responses.js';
import { Upstream } from './services/upstream.js';
import { studioParts } from './studio.module.js';

/** What is made before Nest is, and shared with the start of the process. */
export type GatewayParts = Readonly<{ bus: NatsBus; log: Log; metrics: Metrics }>;

class AppModule {}

/** The parts of the service, and what stands behind each port. */
export function appModule(settings: GatewaySettings, parts: GatewayParts): DynamicModule {
  const { bus, log, metrics } = parts;
  const peer = (baseUrl: string) =>
    new InternalClient({
      baseUrl,
      secret: settings.AISBF_INTERNAL_SECRET,
      timeoutMs: settings.GATEWAY_INTERNAL_TIMEOUT_MS,
    });
  return {
    module: AppModule,
    providers: [
      OpenAiRoutes,
      OllamaProbes,
      { provide: OllamaLikeness, useValue: new OllamaLikeness(settings.GATEWAY_OLLAMA_VERSION) },
      ResponseRoutes,
      MessageRoutes,
      Explanations,
      Refusals,
      StoredResponses,
      FormDoor,
      FormLooks,
      ...fileParts(settings, peer),
      ...batchParts(settings, peer),
      ...realtimeParts(settings, peer),
      ...checkpointParts(settings, metrics, peer),
      ...adviceParts(settings),
      Admitting,
      RunningRequests,
      InferenceDoor,
      Inference,
      { provide: Relay, useClass: PaidRelay },
      AttemptBook,
      RetryBudgets,
      IdempotentInference,
      {
        provide: Admission,
        useFactory: () => new HttpAdmission(peer(settings.GATEWAY_ROUTER_URL)),
      },
      {
        provide: Settlements,
        useFactory: () =>
          new DurableSettlements({
            bus,
            log,
            metrics,
            accounts: peer(settings.GATEWAY_ACCOUNTS_URL),
            retryMs: settings.GATEWAY_SETTLE_RETRY_MS,
            withdrawMsMax: settings.GATEWAY_WITHDRAW_MS_MAX,
            withdrawalsMax: settings.GATEWAY_WITHDRAWALS_MAX,
            calls: {
              callsMax: settings.GATEWAY_SETTLE_CALLS_MAX,
              itemsMax: settings.GATEWAY_SETTLE_ITEMS_MAX,
              bytesMax: settings.GATEWAY_SETTLE_BYTES_MAX,
              apartMs: settings.GATEWAY_SETTLE_APART_MS,
            },
          }),
      },
      ...keepingParts(settings, peer),
      {
        provide: Holds,
        useFactory: () => new HttpHolds(peer(settings.GATEWAY_ACCOUNTS_URL), metrics),
      },
      { provide: EgressRefusals, useFactory: () => new EgressRefusals(log, metrics) },
      {
        provide: Upstream,
        inject: [EgressRefusals],
        useFactory: (refusals: EgressRefusals) => upstreamOf(settings, refusals),
      },
      ...spoolParts(settings, metrics),
      {
        provide: HealthFacts,
        useFactory: () => new NatsHealthFacts(bus, settings.GATEWAY_HEALTH_FACTS_APART_MS),
      },
      { provide: Clock, useClass: SystemClock },
      { provide: Log, useValue: log },
      { provide: Metrics, useValue: metrics },
      { provide: NatsBus, useValue: bus },
      ...studioParts(settings, peer),
      ...limitsOf(settings),
    ],
  };
}

/** Where answers are kept that their buyers may ask for again. */
function keepingParts(
  settings: GatewaySettings,
  peer: (baseUrl: string) => InternalClient,
): Provider[] {
  return [
    {
      provide: KeptAnswers,
      useFactory: () => new HttpKeptAnswers(peer(settings.GATEWAY_ACCOUNTS_URL)),
    },
    {
      provide: KeptAnswerLimits,
      useValue: new KeptAnswerLimits(settings.GATEWAY_IDEMPOTENT_ANSWER_BYTES_MAX),
    },
    {
      provide: StoredResponseStore,
      useFactory: () => new HttpStoredResponseStore(peer(settings.GATEWAY_ACCOUNTS_URL)),
    },
    {
      provide: StoredResponseLimits,
      useValue: new StoredResponseLimits(settings.GATEWAY_STORED_RESPONSE_BYTES_MAX),
    },
  ];
}

function upstreamOf(settings: GatewaySettings, refusals: EgressRefusals): Upstream {
  return new HttpUpstream({
    internalSecret: settings.AISBF_INTERNAL_SECRET,
    agents: new EgressAgents({
      kept: { connections: settings.GATEWAY_UPSTREAM_CONNECTIONS_MAX },
      connectTimeoutMs: settings.GATEWAY_CONNECT_TIMEOUT_MS,
      egress: egressPolicies(settings),
    }),
    refusals,
  });
}

/** Where files and sounds are kept while they are served, and what measures them. */
function spoolParts(settings: GatewaySettings, metrics: Metrics): Provider[] {
  const limits = {
    folder: settings.GATEWAY_UPLOAD_FOLDER || tmpdir(),
    heldBytesMax: settings.GATEWAY_SPOOL_HELD_BYTES_MAX,
    allHeldBytesMax: settings.GATEWAY_SPOOLS_HELD_BYTES_MAX,
  };
  return [
    { provide: Spools, useFactory: () => new DiskSpools(limits, metrics) },
    SoundMeters,
    { provide: MediaLength, useClass: MetadataMediaLength },
  ];
}

/** What bounds each of the parts. */
function limitsOf(settings: GatewaySettings): Provider[] {
  return [
    {
      provide: UploadLimits,
      useValue: new UploadLimits(settings.GATEWAY_UPLOAD_BYTES_MAX, settings.GATEWAY_UPLOADS_MAX),
    },
    {
      provide: DoorLimits,
      useValue: new DoorLimits(settings.GATEWAY_REQUESTS_MAX, {
        charactersMax: settings.GATEWAY_SIGNAL_CHARACTERS_MAX,
      }),
    },
    {
      provide: OutputHoldSettings,
      useValue: new OutputHoldSettings(
        settings.GATEWAY_HOLD_STEP_TOKENS,
        settings.GATEWAY_HOLD_MARGIN_TOKENS,
        settings.GATEWAY_HOLD_RETRY_MS,
      ),
    },
    {
      provide: HedgeLimits,
      useValue: new HedgeLimits(
        settings.GATEWAY_HEDGE_PROMPT_TOKENS_MAX,
        settings.GATEWAY_HEDGE_OUTPUT_TOKENS_MAX,
      ),
    },
    { provide: RetryLimits, useValue: retryLimits(settings) },
    {
      provide: AnswerLimits,
      useValue: new AnswerLimits(
        settings.GATEWAY_ANSWER_BYTES_MAX,
        settings.GATEWAY_EVENT_BYTES_MAX,
        {
          bytesMax: settings.GATEWAY_START_UP_BYTES_MAX,
          msMax: settings.GATEWAY_START_UP_MS_MAX,
        },
      ),
    },
  ];
}

function retryLimits(settings: GatewaySettings): RetryLimits {
  return new RetryLimits(
    {
      perRequest: settings.GATEWAY_RETRY_PERCENT / 100,
      reserve: settings.GATEWAY_RETRY_RESERVE,
      refillMs: settings.GATEWAY_RETRY_REFILL_MS,
    },
    settings.GATEWAY_RETRY_WAIT_MS_MAX,
    settings.GATEWAY_RETRY_ROUTES_MAX,
  );
}

import { EgressAgents, egressPolicies } from '@aisbf/egress';
import type { Provider } from '@nestjs/common';
import { Redis } from 'ioredis';
import type { RouterSettings } from './config.js';
import { ProbeTending, ProbeTendingSettings } from './inbound/probe-tending.js';
import { ProbeWorker, ProbeWorkerSettings } from './inbound/probe-worker.js';
import { BullProbeQueue } from './outbound/bull-probe-queue.js';
import { HttpProbeClient } from './outbound/http-probe-client.js';
import { RedisProbeBudget } from './outbound/redis-probe-budget.js';
import { ProbeEvents } from './probe-events.js';
import { AttemptLessons } from './services/attempt-lessons.js';
import { DueProbes } from './services/due-probes.js';
import { HealthReport } from './services/health-report.js';
import { LiveFailures } from './services/live-failures.js';
import { LiveHealth } from './services/live-health.js';
import { LivePace } from './services/live-pace.js';
import { LiveProbes, LiveProbesSettings } from './services/live-probes.js';
import { ModelHealth, ModelHealthSettings } from './services/model-health.js';
import { PaceReport } from './services/pace-report.js';
import { ProbeBudget } from './services/probe-budget.js';
import { ProbeClient } from './services/probe-client.js';
import { ProbeLessons } from './services/probe-lessons.js';
import { ProbeQueue } from './services/probe-queue.js';
import { ProbeReports } from './services/probe-reports.js';
import { ProbeRounds } from './services/probe-rounds.js';
import { Prober } from './services/prober.js';
import { ProbingSettings } from './services/probing-settings.js';
import { Rechecks } from './services/rechecks.js';

const queueName = 'aisbf-probes';
/** Within one network, and to what is on the internet. */
const connectTimeoutMs = 5_000;
/** Probes are a minute apart: a connection that is kept for longer is more often dead than of use. */
const keepAliveMs = 1_000;

/** The parts of the service that know who is well: from what gateways tell, and from looking by themselves. */
export function probeParts(settings: RouterSettings): Provider[] {
  const url = settings.ROUTER_REDIS_URL;
  return [
    LiveHealth,
    LivePace,
    LiveFailures,
    AttemptLessons,
    PaceReport,
    LiveProbes,
    ProbeRounds,
    Prober,
    ProbeReports,
    ProbeLessons,
    Rechecks,
    DueProbes,
    ModelHealth,
    HealthReport,
    ProbeEvents,
    ProbeWorker,
    ProbeTending,
    {
      provide: ProbeQueue,
      inject: [ProbeEvents],
      useFactory: (events: ProbeEvents) =>
        new BullProbeQueue({ url, name: queueName }, (error) => events.failed('queue', error)),
    },
    {
      provide: ProbeBudget,
      inject: [Redis],
      useFactory: (redis: Redis) => new RedisProbeBudget(redis, limitsOf(settings)),
    },
    { provide: ProbeClient, useValue: clientOf(settings) },
    { provide: ProbingSettings, useValue: probingOf(settings) },
    {
      provide: LiveProbesSettings,
      useValue: new LiveProbesSettings(settings.ROUTER_PROBE_ENTRIES_MAX),
    },
    {
      provide: ModelHealthSettings,
      useValue: new ModelHealthSettings(outlierSettingsOf(settings)),
    },
    {
      provide: ProbeTendingSettings,
      useValue: new ProbeTendingSettings(
        settings.ROUTER_PROBES === 'true',
        settings.ROUTER_PROBE_SYNC_MS,
      ),
    },
    {
      provide: ProbeWorkerSettings,
      useValue: new ProbeWorkerSettings(
        queueName,
        url,
        settings.ROUTER_PROBE_CONCURRENCY,
        settings.ROUTER_PROBE_STALL_MS,
      ),
    },
  ];
}

/** By whom plans and reports say who stands out. */
export function outlierSettingsOf(settings: RouterSettings) {
  return {
    endsMin: settings.ROUTER_OUTLIER_ATTEMPTS,
    shortfall: settings.ROUTER_OUTLIER_SHORTFALL_PERCENT / 100,
    shareMax: settings.ROUTER_OUTLIER_SHARE_PERCENT_MAX / 100,
    outMs: settings.ROUTER_OUTLIER_MS,
  };
}

function limitsOf(settings: RouterSettings) {
  return {
    providerDayMax: settings.ROUTER_PROBE_PROVIDER_DAY_MAX,
    ownerDayMax: settings.ROUTER_PROBE_OWNER_DAY_MAX,
    ownerTokensDayMax: settings.ROUTER_PROBE_OWNER_TOKENS_DAY_MAX,
  };
}

function clientOf(settings: RouterSettings): HttpProbeClient {
  return new HttpProbeClient({
    internalSecret: settings.AISBF_INTERNAL_SECRET,
    bodyBytesMax: settings.ROUTER_PROBE_BODY_BYTES_MAX,
    agents: new EgressAgents({
      connectTimeoutMs,
      kept: { keepAliveTimeout: keepAliveMs },
      egress: egressPolicies(settings),
    }),
  });
}

function probingOf(settings: RouterSettings): ProbingSettings {
  return new ProbingSettings(
    settings.ROUTER_PROBES === 'true',
    {
      installed: {
        models: settings.ROUTER_PROBE_MODELS,
        completion: settings.ROUTER_PROBE_COMPLETION,
      },
      intervalMs: {
        models: settings.ROUTER_PROBE_MODELS_INTERVAL_MS,
        completion: settings.ROUTER_PROBE_COMPLETION_INTERVAL_MS,
      },
      jitter: settings.ROUTER_PROBE_JITTER_PERCENT / 100,
    },
    settings.ROUTER_PROBE_ROUND_MAX,
    { baseMs: settings.ROUTER_COOLDOWN_MS_MAX, maxMs: settings.ROUTER_PROBE_REST_MS_MAX },
    {
      modelsMsMax: settings.ROUTER_PROBE_MODELS_MS_MAX,
      completionMsMax: settings.ROUTER_PROBE_COMPLETION_MS_MAX,
      warmUpMsMax: settings.ROUTER_PROBE_WARM_UP_MS_MAX,
    },
    settings.ROUTER_PROBE_OUTPUT_TOKENS,
  );
}

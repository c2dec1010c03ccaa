import { z } from 'zod';
import { EndpointName } from './endpoint.js';
import { Id, ModelName } from './field.js';
import { Word } from './model-facts.js';
import { PaceWindow, ProviderPace, paceRoutes } from './pace-api.js';
import { ProbeKind, ProbeOutcome } from './probe.js';
import type { RestRoute } from './rest-route.js';

/** Whether and how a provider is probed: its owner's word, or else the installation's. */
export const ProbeSettings = z.strictObject({
  models: z.enum(['on', 'off']),
  completion: z.enum(['on', 'doubtful', 'off']),
});
export type ProbeSettings = z.infer<typeof ProbeSettings>;

const Spent = z.strictObject({ used: z.int().min(0), max: z.int().min(0) });

const Probe = z.strictObject({
  kind: ProbeKind,
  model: ModelName.nullable().describe('Null where it was asked for all of them.'),
  clientId: z.string().nullable().describe('The worker; null of a hosted API.'),
  outcome: ProbeOutcome,
  reason: Word.nullable().describe(
    'Why it is not well: `rejected_credentials`, `unreachable`, `timeout` and so on.',
  ),
  at: z.iso.datetime(),
  tookMs: z.int().min(0),
  firstMs: z.int().min(0).nullable().describe('Milliseconds until the first byte of a stream.'),
  failures: z.int().min(0).describe('How many of these have failed in a row.'),
});

const Upstream = z.strictObject({
  clientId: z.string().nullable().describe('The worker; null of a hosted API.'),
  endpoint: EndpointName.describe(
    'By which it is asked. Others than chat stand here once they have failed.',
  ),
  state: z
    .enum(['well', 'cooling', 'on_trial'])
    .describe('`cooling`: asked last. `on_trial`: has cooled down and has not served since.'),
  coolingUntil: z.iso.datetime().nullable(),
  reason: z.string().nullable().describe('Of the latest failure, while it is not well.'),
  failures: z.int().min(0).describe('Outages in a row.'),
  outlierUntil: z.iso
    .datetime()
    .nullable()
    .describe('Until then it is asked last, as it fails more often than others that serve this.'),
  recent: z
    .strictObject({ attempts: z.int().min(0), served: z.int().min(0) })
    .nullable()
    .describe('Its latest attempts; null of one that has not failed.'),
});

export const ProviderHealth = z.strictObject({
  probing: ProbeSettings,
  credential: z
    .enum(['accepted', 'refused', 'unreadable', 'unknown'])
    .describe('Of a hosted API, by the latest probe that could tell.'),
  budget: z
    .strictObject({ probes: Spent, ownerProbes: Spent, ownerTokens: Spent })
    .nullable()
    .describe('Probes of this day (UTC); null while nobody can count.'),
  probes: z.array(Probe).describe('The latest of each kind, worker and model.'),
  models: z.array(
    z.strictObject({
      model: ModelName,
      readiness: z
        .enum(['listed', 'missing', 'unknown'])
        .describe('Whether the latest list of the provider, or what a worker advertises, has it.'),
      upstreams: z.array(Upstream),
      windows: z.array(PaceWindow).describe('By chat.'),
    }),
  ),
});
export type ProviderHealth = z.infer<typeof ProviderHealth>;

export const healthAnswers = { ProviderPace, ProviderHealth };

export const healthRoutes: readonly RestRoute[] = [
  ...paceRoutes,
  {
    method: 'get',
    path: '/api/catalog/providers/{id}/health',
    operationId: 'getProviderHealth',
    summary: 'Whether it is well, by the latest probes and by what requests have met',
    description: 'What is told is what the instance that answers has heard since it started.',
    credential: 'manage',
    pathParameters: { id: Id },
    answer: { status: 200, schema: ProviderHealth },
  },
];

import { z } from 'zod';
import { OpenAiEndpoint } from './endpoint.js';
import { Id, ModelName, Name } from './field.js';
import {
  BaseUrl,
  HeaderTemplate,
  HostedModels,
  QueryTemplate,
  ServedEndpoints,
  UpstreamCredential,
} from './hosted-provider.js';
import { listingRoutes } from './listing-api.js';
import { modelFacts } from './model-facts.js';
import { OnBehalf } from './principal.js';
import { DataPolicy, ProviderPolicy } from './provider-policy.js';
import type { RestRoute } from './rest-route.js';

/** The REST API under `/api/catalog`. */

const providerName = { name: Name };
/** Whose it is; only an operator may name somebody else (`global` is the operator's own). */
const onBehalf = { username: Name.optional() };

/** Which client ids may connect; null admits any worker that knows a registration token. */
const ClientIds = z.array(z.string().min(1).max(128)).min(1).max(1000).nullable();

export const CreateProvider = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('coderai'),
    ...providerName,
    ...onBehalf,
    clientIds: ClientIds.default(null),
    data: DataPolicy.optional(),
    policy: ProviderPolicy.optional(),
  }),
  z.strictObject({
    kind: z.literal('openai'),
    ...providerName,
    ...onBehalf,
    baseUrl: BaseUrl,
    credential: UpstreamCredential.optional(),
    headers: HeaderTemplate.optional(),
    query: QueryTemplate.optional(),
    endpoints: ServedEndpoints.optional(),
    data: DataPolicy.optional(),
    policy: ProviderPolicy.optional(),
    models: HostedModels,
  }),
]);
export type CreateProvider = z.infer<typeof CreateProvider>;

export const Provider = z.strictObject({
  id: Id,
  kind: z.enum(['coderai', 'openai']),
  name: Name,
  ownerId: Id,
  username: Name,
  isEnabled: z.boolean(),
  data: DataPolicy,
  policy: ProviderPolicy,
  clientIds: z.array(z.string()).nullable(),
  baseUrl: z.string().nullable(),
  endpoints: z.array(OpenAiEndpoint).nullable().describe('Of a hosted API, where it is told.'),
  headerNames: z
    .array(z.string())
    .nullable()
    .describe('Of a hosted API: the headers of its own. Their values are not shown.'),
  queryNames: z.array(z.string()).nullable().describe('The same of parameters.'),
  models: z.array(
    z.strictObject({
      name: ModelName,
      upstreamName: ModelName,
      contextLength: z
        .int()
        .optional()
        .describe('Tokens that fit into it: the least that any of its workers tells.'),
      ...modelFacts,
      workers: z.int().optional().describe('How many workers have it at the moment.'),
    }),
  ),
  createdAt: z.iso.datetime(),
});
export type Provider = z.infer<typeof Provider>;

export const Providers = z.strictObject({ providers: z.array(Provider) });

/** The only answer that holds a registration token. */
export const CreatedProvider = z.strictObject({
  provider: Provider,
  registrationToken: z.string().nullable(),
});
export type CreatedProvider = z.infer<typeof CreatedProvider>;

/** A right to connect workers. Its secret is shown once and never again. */
export const Registration = z.strictObject({
  id: Id,
  publicId: z.string().describe('The middle part of its token, which is not secret.'),
  createdAt: z.iso.datetime(),
  expiresAt: z.iso.datetime().nullable(),
  revokedAt: z.iso.datetime().nullable(),
});
export type Registration = z.infer<typeof Registration>;

export const Registrations = z.strictObject({ registrations: z.array(Registration) });

export const CreateRegistration = z.strictObject({
  expiresAt: z.iso.datetime({ offset: true }).optional(),
});
export type CreateRegistration = z.infer<typeof CreateRegistration>;

/** The only answer that holds the token. */
export const CreatedRegistration = z.strictObject({
  registration: Registration,
  registrationToken: z.string(),
});
export type CreatedRegistration = z.infer<typeof CreatedRegistration>;

export const RotateRegistration = z.strictObject({
  overlapMs: z
    .int()
    .min(0)
    .max(2_592_000_000)
    .optional()
    .describe(
      'How long the earlier tokens stay good, so that workers can be moved; 0 ends them at once.',
    ),
});
export type RotateRegistration = z.infer<typeof RotateRegistration>;

export const RotatedRegistration = z.strictObject({
  registrationToken: z.string(),
  registration: Registration,
});
export type RotatedRegistration = z.infer<typeof RotatedRegistration>;

/** What is not named stays as it is. */
export const UpdateProvider = z.strictObject({
  isEnabled: z.boolean().optional(),
  clientIds: ClientIds.optional(),
  credential: UpstreamCredential.nullable()
    .optional()
    .describe('Of a hosted API: takes the place of the former one; null is none.'),
  baseUrl: BaseUrl.optional().describe(
    'Of a hosted API. Where it leads to another server, what opens the door there must be said again.',
  ),
  headers: HeaderTemplate.optional(),
  query: QueryTemplate.optional(),
  models: HostedModels.optional(),
  endpoints: ServedEndpoints.nullable()
    .optional()
    .describe('What the hosted API serves; null is not known.'),
  data: DataPolicy.optional(),
  policy: ProviderPolicy.optional(),
});
export type UpdateProvider = z.infer<typeof UpdateProvider>;

/** A provider's model whose own counts differ from ours by more than they may. */
export const UsageCheck = z.strictObject({
  providerId: Id,
  provider: z.string(),
  model: ModelName,
  state: z.enum(['flagged', 'paused']).describe('A paused one gets no requests.'),
  differenceBps: z
    .int()
    .describe('Of the worse of prompts and output, in basis points of our count.'),
  requests: z.int().describe('Over how many requests.'),
  ourTokens: z.int(),
  reportedTokens: z.int(),
  since: z.iso.datetime(),
});
export type UsageCheck = z.infer<typeof UsageCheck>;

export const UsageChecks = z.strictObject({ usageChecks: z.array(UsageCheck) });

export const LiftUsageCheck = z.strictObject({ providerId: Id, model: ModelName });
export type LiftUsageCheck = z.infer<typeof LiftUsageCheck>;

const managed = { credential: 'manage' } as const;
const byId = { ...managed, pathParameters: { id: Id } };

export const catalogRoutes: readonly RestRoute[] = [
  {
    method: 'post',
    path: '/api/catalog/providers',
    operationId: 'createProvider',
    summary: 'Create a provider: for workers that dial in, or for a hosted API',
    description: 'The only answer that holds the registration token of its workers.',
    ...managed,
    request: CreateProvider,
    answer: { status: 201, schema: CreatedProvider },
  },
  {
    method: 'get',
    path: '/api/catalog/providers',
    operationId: 'listProviders',
    summary: 'Own providers',
    ...managed,
    query: OnBehalf,
    answer: { status: 200, schema: Providers },
  },
  {
    method: 'get',
    path: '/api/catalog/providers/{id}',
    operationId: 'getProvider',
    summary: 'One of them; the models of workers are those of the moment',
    ...byId,
    answer: { status: 200, schema: Provider },
  },
  {
    method: 'patch',
    path: '/api/catalog/providers/{id}',
    operationId: 'updateProvider',
    summary:
      'Take a provider off the market or put it back; say which workers may connect, or how a hosted API is called',
    description: 'Workers that may no longer connect are sent away.',
    ...byId,
    request: UpdateProvider,
    answer: { status: 200, schema: Provider },
  },
  {
    method: 'post',
    path: '/api/catalog/providers/{id}/registration-token',
    operationId: 'replaceRegistrationToken',
    summary: 'Replace all registration tokens by another one, at once or after an overlap',
    description: 'Workers that came with an earlier token are sent away when its time is over.',
    ...byId,
    request: RotateRegistration,
    isRequestOptional: true,
    answer: { status: 201, schema: RotatedRegistration },
  },
  {
    method: 'post',
    path: '/api/catalog/providers/{id}/registrations',
    operationId: 'createRegistration',
    summary: 'Create a further registration token beside those that there are',
    ...byId,
    request: CreateRegistration,
    isRequestOptional: true,
    answer: { status: 201, schema: CreatedRegistration },
  },
  {
    method: 'get',
    path: '/api/catalog/providers/{id}/registrations',
    operationId: 'listRegistrations',
    summary: 'Its registrations, also those that have ended lately',
    ...byId,
    answer: { status: 200, schema: Registrations },
  },
  {
    method: 'delete',
    path: '/api/catalog/providers/{id}/registrations/{registrationId}',
    operationId: 'revokeRegistration',
    summary: 'Revoke a registration; workers that came with its token are sent away',
    ...managed,
    pathParameters: { id: Id, registrationId: Id },
    answer: { status: 204 },
  },
  {
    method: 'delete',
    path: '/api/catalog/providers/{id}',
    operationId: 'deleteProvider',
    summary: 'Delete a provider with its listings',
    ...byId,
    answer: { status: 204 },
  },
  ...listingRoutes,
  {
    method: 'get',
    path: '/api/catalog/usage-checks',
    operationId: 'listUsageChecks',
    summary: "Own providers' models whose own token counts differ from the market's",
    ...managed,
    query: OnBehalf,
    answer: { status: 200, schema: UsageChecks },
  },
  {
    method: 'post',
    path: '/api/catalog/usage-checks/lift',
    operationId: 'liftUsageCheck',
    summary: 'Lift what is held against a model (operators)',
    description: 'Counting begins anew.',
    ...managed,
    request: LiftUsageCheck,
    answer: { status: 204 },
  },
];

export const catalogRequests = {
  CreateProvider,
  UpdateProvider,
  CreateRegistration,
  RotateRegistration,
  LiftUsageCheck,
};
export const catalogAnswers = {
  Provider,
  Providers,
  CreatedProvider,
  RotatedRegistration,
  Registration,
  Registrations,
  CreatedRegistration,
  UsageCheck,
  UsageChecks,
};

import { z } from 'zod';
import { Id, Name, TimeMs } from './field.js';
import { SessionPresence } from './presence.js';
import type { RestRoute } from './rest-route.js';

/** The API under `/api/coderai`: where workers register, and where owners look after them. */

export const WorkerRegistered = z.strictObject({
  status: z.literal('ok'),
  accepted: z.literal(true),
  provider_id: Name,
  client_id: z.string(),
  username: Name,
  scope_name: Name,
  owner_user_id: Id,
  expires_at: z.int().describe('Seconds since 1970.'),
  extensions: z.array(z.string()).describe('What this broker can do beyond the plain protocol.'),
});

const gpu = z.strictObject({
  name: z.string(),
  vendor: z.string().nullable(),
  vramMb: z.number(),
  vramMbFree: z.number().nullable(),
});

export const WorkerSession = z.strictObject({
  session_id: z.string(),
  provider_id: Name,
  client_id: z.string(),
  username: Name,
  connected_at_ms: TimeMs,
  state: z.enum(['greeting', 'serving', 'suspect', 'draining', 'closed']),
  heardAtMs: TimeMs,
  hardware: z
    .strictObject({
      hostname: z.string().nullable(),
      platform: z.string().nullable(),
      gpus: z.array(gpu),
      gpuCount: z.int(),
      vramMb: z.number(),
      vramMbFree: z.number(),
    })
    .nullable(),
  capabilities: z
    .strictObject({
      server: z.string().nullable(),
      version: z.string().nullable(),
      transports: z.array(z.string()),
      operations: z.array(z.string()),
      endpoints: z.array(z.string()),
      paths: z
        .array(z.string())
        .nullable()
        .describe('What it says that it serves, read from its words; null where it does not say.'),
      frameBytesMax: z.int().nullable(),
      concurrencyMax: z.int().nullable(),
      stated: z.string().nullable().describe('Everything that it said, as JSON text.'),
    })
    .nullable(),
  measured: z
    .array(
      z.strictObject({
        model: z.string(),
        requests: z.int().min(1).max(100),
        successRate: z.number().min(0).max(1),
        firstMs: z.number().min(0).nullable().describe('Until the first byte; the median.'),
        chunksPerSecond: z.number().min(0).nullable().describe('Of streams; the median.'),
        claimedElapsedMs: z.number().min(0).nullable().describe("The worker's own word."),
        claimedTokensPerSecond: z.number().min(0).nullable().describe("The worker's own word."),
      }),
    )
    .describe('What this broker has seen of the last 100 requests of each model.'),
  presence: SessionPresence.nullable().describe(
    'What the router is told; null before the worker has registered.',
  ),
});

export const WorkerSessions = z.strictObject({
  sessions: z.array(WorkerSession).max(1000),
  count: z.int().min(0).describe('Of all of them, where more are connected than are listed.'),
});

export const WorkerEvent = z.strictObject({
  atMs: TimeMs.describe('The last time, where it happened several times in a row.'),
  count: z.int().min(1),
  type: z.string(),
  clientId: z.string(),
  sessionId: z.string().nullable(),
  detail: z.string().nullable().describe('The exact reason.'),
});

export const WorkerStatus = z.strictObject({
  provider_id: z.string(),
  connected: z.boolean(),
  sessions: z.array(WorkerSession),
  events: z.array(WorkerEvent).describe('The latest of this broker instance, newest last.'),
});

const identity = {
  provider_id: z.string().optional().describe("The provider's name."),
  client_id: z.string().optional().describe('The name of the machine.'),
  username: z.string().optional().describe("The provider's owner; `global` for the operator's."),
  registration_token: z
    .string()
    .optional()
    .describe('Or as the header `x-coderai-registration-token`, or as a bearer token.'),
};
const identityHeaders = z.strictObject({
  'x-coderai-provider-id': z.string().optional(),
  'x-coderai-client-id': z.string().optional(),
  'x-coderai-username': z.string().optional(),
  'x-coderai-registration-token': z.string().optional(),
});
const asWorker = {
  credential: 'registration-token',
  query: z.strictObject(identity),
  headers: identityHeaders,
} as const;
const upgraded =
  'A WebSocket upgrade. Each part of the identity is read from the query first, then from the headers.';

export const workerRoutes: readonly RestRoute[] = [
  {
    method: 'get',
    path: '/api/coderai/wss',
    operationId: 'connectOperatorWorker',
    summary: "Connect a worker of the operator's own",
    description: upgraded,
    ...asWorker,
    answer: { status: 101 },
  },
  {
    method: 'get',
    path: '/api/u/{username}/coderai/wss',
    operationId: 'connectWorker',
    summary: "Connect a worker of a user's",
    description: upgraded,
    ...asWorker,
    pathParameters: { username: Name },
    answer: { status: 101 },
  },
  {
    method: 'post',
    path: '/api/coderai/register',
    operationId: 'checkOperatorWorker',
    summary: "Check the identity of a worker of the operator's own, without connecting",
    ...asWorker,
    answer: { status: 200, schema: WorkerRegistered },
  },
  {
    method: 'post',
    path: '/api/u/{username}/coderai/register',
    operationId: 'checkWorker',
    summary: "Check the identity of a worker of a user's, without connecting",
    ...asWorker,
    pathParameters: { username: Name },
    answer: { status: 200, schema: WorkerRegistered },
  },
  {
    method: 'get',
    path: '/api/coderai/broker/sessions',
    operationId: 'listWorkerSessions',
    summary: 'The connected workers that one may see: own ones, for an operator all',
    description: 'Of the broker instance that answers.',
    credential: 'manage',
    answer: { status: 200, schema: WorkerSessions },
  },
  {
    method: 'get',
    path: '/api/coderai/broker/providers/{provider_id}/status',
    operationId: 'getWorkerStatus',
    summary: "A provider's workers, and what has happened to them of late",
    description: "By the provider's id or its name. Of the broker instance that answers.",
    credential: 'manage',
    pathParameters: { provider_id: Id.or(Name) },
    answer: { status: 200, schema: WorkerStatus },
  },
];

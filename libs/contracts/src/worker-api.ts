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
  limits: z.strictObject({
    stream_window_bytes: z
      .int()
      .min(1)
      .describe('How far a worker with `stream-window` may be ahead of the reader of a stream.'),
  }),
});

const gpu = z.strictObject({
  name: z.string(),
  vendor: z.string().nullable(),
  vramMb: z.number(),
  vramMbFree: z.number().nullable(),
});

/** One worker's connection, as its owner sees it. */
export const WorkerSession = z.strictObject({
  session_id: z.string(),
  broker_id: z.string().describe('The broker instance that holds its socket.'),
  provider_id: Name.describe("The provider's name."),
  client_id: z.string().describe('The name of the machine.'),
  username: Name.describe("The provider's owner."),
  connected_at_ms: TimeMs,
  state: z
    .enum(['greeting', 'serving', 'suspect', 'draining', 'closed'])
    .describe('`suspect`: silent for a while, and given nothing new until it speaks.'),
  heardAtMs: TimeMs.describe('When it last said anything, a ping included.'),
  hardware: z
    .strictObject({
      hostname: z.string().nullable(),
      platform: z.string().nullable(),
      gpus: z.array(gpu),
      gpuCount: z.int(),
      vramMb: z.number(),
      vramMbFree: z.number(),
    })
    .nullable()
    .describe("The worker's own word; null where it has said nothing."),
  capabilities: z
    .strictObject({
      server: z.string().nullable(),
      version: z.string().nullable(),
      transports: z.array(z.string()),
      operations: z.array(z.string()),
      extensions: z.array(z.string()),
      endpoints: z.array(z.string()),
      paths: z
        .array(z.string())
        .nullable()
        .describe('What it says that it serves, read from its words; null where it does not say.'),
      frameBytesMax: z.int().nullable(),
      concurrencyMax: z.int().nullable(),
      stated: z.string().nullable().describe('Everything that it said, as JSON text.'),
    })
    .nullable()
    .describe("The worker's own word; null where it has said nothing."),
  measured: z
    .array(
      z.strictObject({
        model: z.string(),
        requests: z.int().min(1).max(100),
        successRate: z.number().min(0).max(1).describe('Of those requests.'),
        firstMs: z
          .number()
          .min(0)
          .nullable()
          .describe('From sending a request until the first byte of its answer; the median.'),
        firstContentMs: z
          .number()
          .min(0)
          .nullable()
          .describe(
            'From sending a request until the first event of its stream that holds text: the first token. The median.',
          ),
        chunksPerSecond: z
          .number()
          .min(0)
          .nullable()
          .describe('Pieces of a stream a second, whatever they hold; the median.'),
        contentEventsPerSecond: z
          .number()
          .min(0)
          .nullable()
          .describe(
            'Events of a stream that hold text, a second; the median. Where the engine sends one token in each, as most do, these are its tokens per second; where it sends several, there were more.',
          ),
        claimedElapsedMs: z.number().min(0).nullable().describe("The worker's own word."),
        claimedTokensPerSecond: z.number().min(0).nullable().describe("The worker's own word."),
      }),
    )
    .describe('What this broker has seen of the last 100 requests of each model.'),
  presence: SessionPresence.nullable().describe(
    'What the router is told; null before the worker has registered.',
  ),
});
export type WorkerSession = z.infer<typeof WorkerSession>;

const incomplete = z
  .array(z.string())
  .describe(
    'The broker instances that did not answer in time: what they hold is missing here. Normally empty.',
  );

export const WorkerSessions = z.strictObject({
  sessions: z.array(WorkerSession).max(1000).describe('Of all broker instances; the oldest first.'),
  count: z.int().min(0).describe('Of all of them, where more are connected than are listed.'),
  answered_by: z.string().describe('The instance that was asked.'),
  incomplete,
});
export type WorkerSessions = z.infer<typeof WorkerSessions>;

export const WorkerEvent = z.strictObject({
  atMs: TimeMs.describe('The last time, where it happened several times in a row.'),
  count: z.int().min(1),
  type: z.string(),
  clientId: z.string().describe('As it was claimed; `*` stands for several.'),
  sessionId: z.string().nullable(),
  detail: z.string().nullable().describe('The exact reason.'),
});
export type WorkerEvent = z.infer<typeof WorkerEvent>;

export const WorkerStatus = z.strictObject({
  provider_id: z.string(),
  connected: z.boolean().describe('Whether any of them can be sent work.'),
  sessions: z.array(WorkerSession).max(1000).describe('Of all broker instances; the oldest first.'),
  events: z
    .array(WorkerEvent)
    .describe(
      'The latest of all broker instances, newest last: of sessions, of refused workers that have shown a token of the provider, and of refused strangers, each with a number of its own.',
    ),
  answered_by: z.string().describe('The instance that was asked.'),
  incomplete,
  history_readable: z
    .boolean()
    .describe(
      'False while the stored events cannot be read: then only those of this moment are here.',
    ),
});
export type WorkerStatus = z.infer<typeof WorkerStatus>;

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
    description: 'Of all broker instances, whichever is asked.',
    credential: 'manage',
    answer: { status: 200, schema: WorkerSessions },
  },
  {
    method: 'get',
    path: '/api/coderai/broker/providers/{provider_id}/status',
    operationId: 'getWorkerStatus',
    summary: "A provider's workers, and what has happened to them of late",
    description: "By the provider's id or its name. Of all broker instances, whichever is asked.",
    credential: 'manage',
    pathParameters: { provider_id: Id.or(Name) },
    answer: { status: 200, schema: WorkerStatus },
  },
];

export const workerAnswers = {
  WorkerRegistered,
  WorkerSession,
  WorkerSessions,
  WorkerEvent,
  WorkerStatus,
};

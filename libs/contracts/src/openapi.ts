import { z } from 'zod';
import * as account from './account-api.js';
import * as auth from './auth-api.js';
import * as autoselect from './autoselect.js';
import * as batch from './batch-api.js';
import * as buyer from './buyer-api.js';
import { buyerListRoutes } from './buyer-list-api.js';
import { buyerServers } from './buyer-server.js';
import * as catalog from './catalog-api.js';
import * as file from './file-api.js';
import * as health from './health-api.js';
import * as imports from './import-api.js';
import * as market from './market-api.js';
import { ollamaRoutes } from './ollama-api.js';
import { components, type Json, type JsonObject, plain } from './openapi-schema.js';
import * as payment from './payment-api.js';
import * as payout from './payout-api.js';
import { realtimeRoutes } from './realtime-api.js';
import * as repair from './repair-api.js';
import type { Credential, RestRoute } from './rest-route.js';
import { answers, requests } from './rest-schemas.js';
import { revisionRoutes } from './revision-api.js';
import * as rotation from './rotation-api.js';
import * as typed from './typed-api.js';
import * as usage from './usage-api.js';
import { mediaRoutes, videoRoutes } from './video-api.js';
import * as worker from './worker-api.js';

const nameOf = new Map<z.ZodType, string>(
  Object.entries({ ...requests, ...answers }).map(([name, schema]) => [schema, name]),
);

type Area = Readonly<{
  tag: string;
  description: string;
  routes: readonly RestRoute[];
  error: 'OpenAiError' | 'AnthropicError' | 'RestError';
  /** Further addresses under which all of it is served. */
  servers?: Json;
}>;

const areas: readonly Area[] = [
  {
    tag: 'buy',
    description: "OpenAI's API. The official clients work; their `apiKey` is an API token.",
    routes: [
      ...buyer.buyerRoutes,
      ...typed.responseRoutes,
      ...videoRoutes,
      ...mediaRoutes,
      ...realtimeRoutes,
      ...buyerListRoutes,
      ...file.fileRoutes,
      ...batch.batchRoutes,
    ],
    error: 'OpenAiError',
    servers: buyerServers,
  },
  {
    tag: 'messages',
    description: "Anthropic's API. The official clients work; their `apiKey` is an API token.",
    routes: typed.messageRoutes,
    error: 'AnthropicError',
    servers: buyerServers,
  },
  {
    tag: 'ollama',
    description: "What programs ask that look for an Ollama. Requests go to OpenAI's API.",
    routes: ollamaRoutes,
    error: 'OpenAiError',
  },
  {
    tag: 'account',
    description: 'Users, API tokens, money, receipts, statements and payouts.',
    routes: [...account.accountRoutes, ...usage.usageRoutes, ...payout.payoutRoutes],
    error: 'RestError',
  },
  {
    tag: 'sign-in',
    description:
      "People with a password. A session lives in a cookie; what changes something wants an `Origin` of the market's own.",
    routes: auth.authRoutes,
    error: 'RestError',
  },
  {
    tag: 'payments',
    description: 'Top-ups, refunds, disputes and promotional money.',
    routes: payment.paymentRoutes,
    error: 'RestError',
  },
  {
    tag: 'reconciliation',
    description:
      'What the ledger is compared with, the hashes of its days, and repairs (operators).',
    routes: repair.repairRoutes,
    error: 'RestError',
  },
  {
    tag: 'catalog',
    description: 'Providers, listings, rotations, autoselects, the market and imports from it.',
    routes: [
      ...catalog.catalogRoutes,
      ...rotation.rotationRoutes,
      ...autoselect.autoselectRoutes,
      ...market.marketRoutes,
      ...imports.importRoutes,
      ...health.healthRoutes,
      ...revisionRoutes,
    ],
    error: 'RestError',
  },
  {
    tag: 'workers',
    description: 'Where workers connect, and what their owners see of them.',
    routes: worker.workerRoutes,
    error: 'RestError',
  },
];

/** Every public call, with what it answers when it refuses. */
export const restRoutes = areas.flatMap(({ routes, error }) =>
  routes.map((route) => ({ ...route, error: answers[error] })),
);

/** Every public call of the market in one OpenAPI 3.1 document, made from the contracts themselves. */
export function openApiDocument(): JsonObject {
  return {
    openapi: '3.1.0',
    info: {
      title: 'AISBF',
      version: '0.1.0',
      summary: 'A market for access to AI models.',
      description:
        'Amounts of money are whole nano-dollars (1 USD = 1 000 000 000) in decimal strings. Prices of tokens are per million tokens.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    tags: areas.map(({ tag, description }) => ({ name: tag, description })),
    paths: paths(),
    components: {
      schemas: { ...components(requests, 'input'), ...components(answers, 'output') },
      securitySchemes: {
        apiToken: {
          type: 'http',
          scheme: 'bearer',
          description:
            'An API token, `aisbf_…`; for `manage` and `usage` also the access token of somebody who has signed in.',
        },
        session: {
          type: 'apiKey',
          in: 'cookie',
          name: 'aisbf.session_token',
          description: 'Set by signing in; over https its name begins with `__Secure-`.',
        },
        registrationToken: {
          type: 'http',
          scheme: 'bearer',
          description: "The secret of a provider's workers, `aisbfw_…`.",
        },
      },
    },
  };
}

function paths(): JsonObject {
  const operations = areas.flatMap((area) =>
    area.routes.map((route) => ({ path: route.path, area, route })),
  );
  const items = [...Map.groupBy(operations, ({ path }) => path)].map(([path, here]) => [
    path,
    Object.assign(
      {},
      ...here.map(({ area, route }) => ({
        ...(area.servers && { servers: area.servers }),
        [route.method]: operation(route, area),
      })),
    ) as JsonObject,
  ]);
  return Object.fromEntries(items) as JsonObject;
}

function operation(route: RestRoute, { tag, error }: Area): JsonObject {
  const parameters = parametersOf(route);
  const { description, request, isRequestOptional = false, isForm, credential, answer } = route;
  return {
    tags: [tag],
    operationId: route.operationId,
    summary: route.summary,
    ...(description !== undefined && { description }),
    security: securityOf(credential),
    ...(parameters.length > 0 && { parameters }),
    ...(request && {
      requestBody: {
        required: !isRequestOptional,
        content: contentOf(request, isForm ? 'multipart/form-data' : 'application/json'),
      },
    }),
    responses: {
      [answer.status]: success(answer),
      default: {
        description: 'A refusal.',
        headers: refusalHeaders,
        content: { 'application/json': { schema: reference(error) } },
      },
    },
  };
}

function securityOf(credential: Credential): readonly Json[] {
  switch (credential) {
    case 'nobody':
    case 'provider-signature':
      return [];
    case 'session':
      return [{ session: [] }];
    case 'registration-token':
      return [{ registrationToken: [] }];
    case 'any-api-token':
      return [{ apiToken: [] }];
    default:
      return [{ apiToken: [credential] }];
  }
}

const refusalHeaders = {
  'x-should-retry': {
    description: 'Whether the same request may succeed if it is sent again.',
    schema: { type: 'string', enum: ['true', 'false'] },
  },
  'retry-after': {
    description: 'In how many seconds, where that is known.',
    schema: { type: 'integer', minimum: 1 },
  },
} as const;

const successWords = {
  101: 'The connection is a WebSocket from here on.',
  200: 'Done.',
  201: 'Created.',
  204: 'Done; there is nothing to say.',
  302: 'Go on to the address in `location`.',
} as const;

function success(answer: RestRoute['answer']): JsonObject {
  const { status, schema, isStreamable = false, isCsvToo = false, isFile = false } = answer;
  const events = {
    'text/event-stream': {
      schema: {
        type: 'string',
        description: 'Chunks of a completion, one an event, then `[DONE]`.',
      },
    },
  };
  const csv = { 'text/csv': { schema: { type: 'string', description: 'RFC 4180, UTF-8.' } } };
  const file = { '*/*': { schema: { type: 'string', format: 'binary' } } };
  const content = {
    ...(schema && jsonOf(schema)),
    ...(isStreamable && events),
    ...(isCsvToo && csv),
    ...(isFile && file),
  };
  return {
    description: successWords[status],
    ...(Object.keys(content).length > 0 && { content }),
  };
}

function jsonOf(schema: z.ZodType): JsonObject {
  return contentOf(schema, 'application/json');
}

function contentOf(schema: z.ZodType, contentType: string): JsonObject {
  const name = nameOf.get(schema);
  if (name === undefined) throw new Error('a route names a schema that the document does not');
  return { [contentType]: { schema: reference(name) } };
}

function reference(name: string): JsonObject {
  return { $ref: `#/components/schemas/${name}` };
}

function parametersOf({ pathParameters = {}, query, headers }: RestRoute): readonly Json[] {
  return [
    ...Object.entries(pathParameters).map(([name, schema]) => parameter('path', name, schema)),
    ...Object.entries(query?.shape ?? {}).map(([name, field]) =>
      parameter('query', name, field as z.ZodType),
    ),
    ...Object.entries(headers?.shape ?? {}).map(([name, field]) =>
      parameter('header', name, field as z.ZodType),
    ),
  ];
}

function parameter(place: 'path' | 'query' | 'header', name: string, field: z.ZodType): JsonObject {
  const isRequired = !field.safeParse(undefined).success;
  const {
    $schema: _dialect,
    description,
    ...schema
  } = z.toJSONSchema(field, {
    io: 'input',
    override: plain,
  }) as JsonObject;
  return {
    name,
    in: place,
    required: isRequired,
    ...(description !== undefined && { description }),
    schema,
  };
}

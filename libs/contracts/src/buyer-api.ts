import { z } from 'zod';
import { ModelName, Prices, RequestId } from './field.js';
import { Idempotency } from './idempotency.js';
import { Receipt } from './ledger.js';
import type { RestRoute } from './rest-route.js';

/**
 * The buyers' API under `/v1`: OpenAI's, as far as it is served here. What is described of a completion is
 * what the market itself reads; every other field passes through untouched, in both directions.
 */

export const CreateChatCompletion = z.looseObject({
  model: z
    .string()
    .min(1)
    .max(512)
    .describe(
      'A route: `{provider}/{model}`, `rotation/{name}`, or with its owner `{owner}/provider/{provider}/{model}`, `{owner}/rotation/{name}`.',
    ),
  messages: z.array(z.looseObject({ role: z.string() })).min(1),
  stream: z.boolean().nullish(),
  stream_options: z.looseObject({ include_usage: z.boolean().optional() }).nullish(),
  max_tokens: z.int().min(1).max(10_000_000).nullish(),
  max_completion_tokens: z
    .int()
    .min(1)
    .max(10_000_000)
    .nullish()
    .describe('Wins over `max_tokens`. Money is held for this many tokens, up to a limit.'),
  n: z.int().min(1).max(128).nullish(),
  max_cost: z
    .union([z.number().min(0), z.string().regex(/^\d{1,18}$/)])
    .nullish()
    .describe(
      'What this request may cost at most: US dollars, or nano-dollars in a string. It is never charged more.',
    ),
  provider: z
    .looseObject({
      max_price: z
        .looseObject({
          prompt: z.union([z.number(), z.string()]).nullish(),
          completion: z.union([z.number(), z.string()]).nullish(),
          request: z.union([z.number(), z.string()]).nullish(),
          image: z.union([z.number(), z.string()]).nullish(),
        })
        .nullish()
        .describe(
          'US dollars per million tokens, per request and per image. Whoever is dearer is not asked.',
        ),
    })
    .nullish(),
});

export const ChatCompletion = z.looseObject({
  id: z.string().optional(),
  object: z.string().optional(),
  model: z.string().optional().describe("The upstream's name for it, not the route."),
  choices: z.array(
    z.looseObject({
      index: z.int().optional(),
      message: z.looseObject({}).optional(),
      finish_reason: z.string().nullish(),
    }),
  ),
  usage: z
    .looseObject({})
    .nullish()
    .describe("The upstream's figures. What was charged, and by which counts, is on the receipt."),
});

export const Model = z.strictObject({
  id: z.string().max(512).describe('What to put into `model` of a request.'),
  object: z.literal('model'),
  created: z.int().min(0).describe('Seconds since 1970.'),
  owned_by: z.string().describe("The seller's username; `global` is the operator."),
  pricing: Prices.optional().describe(
    'Absent for a rotation: each of its members has its own. Empty for own capacity, which is free.',
  ),
  context_length: z
    .int()
    .optional()
    .describe('Tokens that fit into it: the least that one of its workers tells.'),
  max_output_tokens: z.int().optional().describe('The least that one of its workers tells.'),
  input_modalities: z
    .array(z.string())
    .optional()
    .describe('What all of its workers take: `text`, `image`, `audio`, `video`, `file`.'),
  output_modalities: z
    .array(z.string())
    .optional()
    .describe('What all of its workers give: `text`, `image`, `audio`, `embedding` …'),
  supports_tools: z.boolean().optional().describe('False where one of its workers says no.'),
  supported_parameters: z
    .array(z.string())
    .optional()
    .describe('The fields of a request that all of its workers heed.'),
  parameter_size: z.string().optional().describe('Absent where its workers differ.'),
  quantization: z.string().optional().describe('Absent where its workers differ.'),
  architecture: z.string().optional().describe('Absent where its workers differ.'),
  endpoints: z
    .array(z.string())
    .optional()
    .describe('The paths that all of its workers say they serve.'),
});

export type Model = z.infer<typeof Model>;

export const ModelPage = z.strictObject({ object: z.literal('list'), data: z.array(Model) });

export const Generation = z.strictObject({ data: Receipt });

export const buyerRoutes: readonly RestRoute[] = [
  {
    method: 'get',
    path: '/v1/models',
    operationId: 'listModels',
    summary: 'Every route that this API token can call now',
    credential: 'inference',
    description:
      'What is told of a model is told by its workers, and holds for all of them that tell it. What is absent is not known.',
    answer: { status: 200, schema: ModelPage },
  },
  {
    method: 'get',
    path: '/v1/models/{model}',
    operationId: 'getModel',
    summary: 'One of them',
    description: 'The slashes of a name may be written as they are or as `%2F`.',
    credential: 'inference',
    pathParameters: { model: ModelName },
    answer: { status: 200, schema: Model },
  },
  {
    method: 'post',
    path: '/v1/chat/completions',
    operationId: 'createChatCompletion',
    summary: 'Buy a chat completion',
    description:
      'Answers carry `x-request-id` (the id of the receipt), `x-aisbf-provider` (who served) and `x-aisbf-attempts`. A stream that breaks off ends with an event that holds `error`, without `[DONE]` and without the end of the response; it is not charged.',
    credential: 'inference',
    headers: z.strictObject({
      'idempotency-key': Idempotency.shape.key
        .optional()
        .describe('Under one key a request runs once and is charged once, for a day.'),
    }),
    request: CreateChatCompletion,
    answer: { status: 200, schema: ChatCompletion, isStreamable: true },
  },
  {
    method: 'get',
    path: '/v1/generation',
    operationId: 'getGeneration',
    summary: 'The receipt of one request: who served, what was tried, what it cost',
    credential: 'any-api-token',
    query: z.strictObject({ id: RequestId.describe('The `x-request-id` of its answer.') }),
    answer: { status: 200, schema: Generation },
  },
];

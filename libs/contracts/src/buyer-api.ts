import { z } from 'zod';
import { ModelName, Prices, RequestId } from './field.js';
import { Idempotency } from './idempotency.js';
import { Receipt } from './ledger.js';
import type { RestRoute } from './rest-route.js';
import { RouteExplanation } from './route-explanation.js';

/**
 * The buyers' API under `/v1`: OpenAI's, as far as it is served here. What is described of a completion is
 * what the market itself reads; every other field passes through untouched, in both directions.
 */

const providerNames = z.array(z.string().min(1).max(160)).min(1).max(64).nullish();
const speed = z.number().min(0).max(1_000_000);
const speeds = z
  .union([
    speed,
    z.looseObject({
      p50: speed.nullish(),
      p75: speed.nullish(),
      p90: speed.nullish(),
      p99: speed.nullish(),
    }),
  ])
  .nullish();

/** OpenRouter's `provider` object, and ours within it. What is not known in it is left alone. */
export const ProviderWishes = z.looseObject({
  order: providerNames.describe(
    'Who is asked first, in this order: `{owner}/{provider}` or one of the two words.',
  ),
  allow_fallbacks: z
    .boolean()
    .nullish()
    .describe('False: nobody but those in `order`; without `order`, nobody but the first.'),
  only: providerNames.describe('Nobody else is asked.'),
  ignore: providerNames.describe('These are not asked.'),
  require_parameters: z
    .boolean()
    .nullish()
    .describe('Whoever says which fields it heeds must heed all that the body has.'),
  data_collection: z
    .enum(['allow', 'deny'])
    .nullish()
    .describe('`deny`: only who promises not to keep prompts to learn from them.'),
  zdr: z.boolean().nullish().describe('Only who promises to keep nothing of a request.'),
  quantizations: z
    .array(z.string().min(1).max(64))
    .min(1)
    .max(32)
    .nullish()
    .describe('As models tell it; `unknown` is who does not tell.'),
  sort: z
    .union([
      z.enum(['price', 'throughput', 'latency']),
      z.looseObject({ by: z.enum(['price', 'throughput', 'latency']) }),
    ])
    .nullish(),
  preferred_min_throughput: speeds.describe(
    'Tokens a second, as the median or by percentile. Whoever is slower is asked later.',
  ),
  preferred_max_latency: speeds.describe(
    'Seconds to the first byte, as the median or by percentile. Whoever is slower is asked later.',
  ),
  region: z
    .union([z.string().min(1).max(32), z.array(z.string().min(1).max(32)).min(1).max(32)])
    .nullish()
    .describe('Only who promises to run there.'),
  own_first: z.boolean().nullish().describe("One's own capacity comes before anybody else's."),
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
});
export type ProviderWishes = z.infer<typeof ProviderWishes>;

/** What a buyer may say about its route beside `model`. */
export const RouteWishes = z.looseObject({
  models: z
    .array(z.string().min(1).max(512))
    .max(16)
    .nullish()
    .describe('Routes to be tried after `model`, in this order.'),
  session_id: z
    .string()
    .min(1)
    .max(256)
    .nullish()
    .describe(
      'Requests of one session go to the same provider and worker as long as it serves. Also as the header `x-session-id`.',
    ),
});

export const CreateChatCompletion = z.looseObject({
  model: z
    .string()
    .min(1)
    .max(512)
    .describe(
      'A route: `{provider}/{model}`, `rotation/{name}`, with its owner `{owner}/provider/{provider}/{model}`, `{owner}/rotation/{name}`, one of your own `user-provider/{provider}/{model}`, `user-rotation/{name}`, an import `import/{name}`, or the name of a model that only one offers you. `:nitro` behind it asks the fastest first, `:floor` the cheapest.',
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
  provider: ProviderWishes.nullish(),
  ...RouteWishes.shape,
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
  batch_percent: z
    .int()
    .optional()
    .describe('What requests in batches pay of the prices. Absent: all.'),
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
  latency_ms: z
    .number()
    .optional()
    .describe(
      'Until the first byte of a stream: the median of late. Absent where too few are known.',
    ),
  tokens_per_second: z
    .number()
    .optional()
    .describe('Of streams: the median of late. Absent where too few are known.'),
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
      'Answers carry `x-request-id` (the id of the receipt), `x-aisbf-provider` (who served), `x-aisbf-route` (by which of its routes), `x-aisbf-attempts`, and `x-aisbf-fallback-from` where others had failed. A stream that breaks off ends with an event that holds `error`, without `[DONE]` and without the end of the response; it is not charged.',
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
    method: 'post',
    path: '/v1/route/explain',
    operationId: 'explainRoute',
    summary: 'Who would serve a chat completion, in which order, who would not, and why',
    description:
      'Takes what a completion takes; nobody is called, nothing is held, and no rate is used up. Another `x-request-id` draws other lots.',
    credential: 'inference',
    request: CreateChatCompletion,
    answer: { status: 200, schema: RouteExplanation },
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

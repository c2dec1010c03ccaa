import { z } from 'zod';
import { ModelName } from './field.js';
import { Idempotency } from './idempotency.js';
import type { RestRoute } from './rest-route.js';
import { ResponseId } from './stored-response.js';

/**
 * OpenAI's Responses and Anthropic's Messages. What is described is what the market itself reads; what chat has no words for
 * is refused, and every other field goes along.
 */

const model = z.string().min(1).max(512).describe('A route, as in a chat completion.');
const tokensMax = z.int().min(1).max(10_000_000);
const headers = z.strictObject({
  'idempotency-key': Idempotency.shape.key
    .optional()
    .describe('Under one key a request runs once and is charged once, for a day.'),
});

export const CreateResponse = z.looseObject({
  model,
  input: z.union([z.string().min(1), z.array(z.looseObject({})).min(1)]),
  instructions: z.string().nullish(),
  previous_response_id: ModelName.nullish().describe(
    'What was said up to that response is put before the input. It must have been kept for this API token.',
  ),
  store: z
    .boolean()
    .nullish()
    .describe(
      'False: it is not kept. Otherwise it is, encrypted under the API token, for 30 days.',
    ),
  stream: z.boolean().nullish(),
  max_output_tokens: tokensMax.nullish(),
  tools: z.array(z.looseObject({})).nullish().describe('Functions; tools of others are refused.'),
});

export const ResponseAnswer = z.looseObject({
  id: z.string(),
  object: z.literal('response'),
  status: z.string(),
  output: z.array(z.looseObject({})),
  store: z.boolean().describe('Whether it is kept.'),
});

export const DeletedResponse = z.strictObject({
  id: ResponseId,
  object: z.literal('response'),
  deleted: z.literal(true),
});

export const ResponseInputItems = z.strictObject({
  object: z.literal('list'),
  data: z.array(z.looseObject({ id: z.string(), type: z.string() })),
  first_id: z.string().nullable(),
  last_id: z.string().nullable(),
  has_more: z.boolean(),
});

const counted = {
  model,
  messages: z.array(z.looseObject({ role: z.string() })).min(1),
  system: z.union([z.string(), z.array(z.looseObject({}))]).nullish(),
  tools: z.array(z.looseObject({})).nullish().describe('Your own; tools of others are refused.'),
};

export const CreateMessage = z.looseObject({
  ...counted,
  max_tokens: tokensMax,
  stream: z.boolean().nullish(),
});

export const MessageAnswer = z.looseObject({
  id: z.string(),
  type: z.literal('message'),
  content: z.array(z.looseObject({ type: z.string() })),
  stop_reason: z.string().nullable(),
  usage: z.looseObject({ input_tokens: z.int(), output_tokens: z.int() }),
});

export const CountMessageTokens = z.looseObject(counted);

export const MessageTokens = z.strictObject({ input_tokens: z.int().min(0) });

/** What Anthropic's API answers with when it refuses. */
export const AnthropicErrorAnswer = z.strictObject({
  type: z.literal('error'),
  error: z.strictObject({
    type: z.string().describe('A rough kind, as the official clients know it.'),
    message: z.string().describe('For people.'),
    details: z.strictObject({
      error_code: z.string().describe('For programs: stable, never renamed.'),
      param: z.string().nullable().describe('The field that is at fault, where it is one.'),
    }),
  }),
  request_id: z.string(),
});

const inference = { credential: 'inference' } as const;
const byId = { ...inference, pathParameters: { id: ResponseId } };

export const responseRoutes: readonly RestRoute[] = [
  {
    method: 'post',
    path: '/v1/responses',
    operationId: 'createResponse',
    summary: 'Buy a response',
    description:
      'Asked of whoever has the API itself as it came, of everybody else as a chat. A stream that breaks off ends with `response.failed` and without the end of the connection; it is not charged.',
    ...inference,
    headers,
    request: CreateResponse,
    answer: { status: 200, schema: ResponseAnswer, isStreamable: true },
  },
  {
    method: 'get',
    path: '/v1/responses/{id}',
    operationId: 'getResponse',
    summary: 'A response that is kept',
    description: 'It can be read with the API token alone that it was given to.',
    ...byId,
    answer: { status: 200, schema: ResponseAnswer },
  },
  {
    method: 'get',
    path: '/v1/responses/{id}/input_items',
    operationId: 'listResponseInputItems',
    summary: 'What it was made from, those of earlier turns included',
    ...byId,
    query: z.strictObject({
      limit: z.int().min(1).max(100).optional(),
      order: z.enum(['asc', 'desc']).optional(),
      after: z.string().max(256).optional(),
    }),
    answer: { status: 200, schema: ResponseInputItems },
  },
  {
    method: 'post',
    path: '/v1/responses/{id}/cancel',
    operationId: 'cancelResponse',
    summary: 'Refused: none runs in the background',
    ...byId,
    answer: { status: 200, schema: ResponseAnswer },
  },
  {
    method: 'delete',
    path: '/v1/responses/{id}',
    operationId: 'deleteResponse',
    summary: 'Forget a response',
    ...byId,
    answer: { status: 200, schema: DeletedResponse },
  },
];

export const messageRoutes: readonly RestRoute[] = [
  {
    method: 'post',
    path: '/v1/messages',
    operationId: 'createMessage',
    summary: 'Buy a message',
    description:
      'The API token is taken as `x-api-key`, too. Asked of whoever has the API itself as it came, of everybody else as a chat. A stream that breaks off ends with an `error` event; it is not charged.',
    ...inference,
    headers,
    request: CreateMessage,
    answer: { status: 200, schema: MessageAnswer, isStreamable: true },
  },
  {
    method: 'post',
    path: '/v1/messages/count_tokens',
    operationId: 'countMessageTokens',
    summary: "A prompt's tokens by the market's own count",
    description: 'By the measure of the model that would be asked first. It costs nothing.',
    ...inference,
    request: CountMessageTokens,
    answer: { status: 200, schema: MessageTokens },
  },
];

export const typedRequests = { CreateResponse, CreateMessage, CountMessageTokens };
export const typedAnswers = {
  Response: ResponseAnswer,
  DeletedResponse,
  ResponseInputItems,
  Message: MessageAnswer,
  MessageTokens,
};

import { z } from 'zod';
import { ModelName, Name, NanosText, Prices } from './field.js';
import { Endpoints, modelFacts } from './model-facts.js';
import { DataPolicy, PolicyRates, ProviderPolicy } from './provider-policy.js';
import type { RestRoute } from './rest-route.js';

/** What is on sale, under `/api/catalog/market`. */

const Words = z
  .string()
  .regex(/^[a-z0-9_]{1,32}(?:,[a-z0-9_]{1,32}){0,7}$/, 'up to eight words with commas')
  .transform((text) => text.split(','));

const Flag = z
  .enum(['true', 'false'])
  .default('false')
  .transform((text) => text === 'true');

const priceMax = (unit: string) =>
  NanosText.optional().describe(`Whoever asks more for ${unit} is left out.`);

/** What is not told of a model does not fit a filter that asks for it. */
export const ListMarket = z.strictObject({
  text: z.string().min(1).max(256).optional().describe("A part of the model's name, in any case."),
  inputs: Words.optional().describe('The model takes all of these: `text,image`.'),
  outputs: Words.optional().describe('The model gives all of these.'),
  max_prompt_token: priceMax('a million prompt tokens'),
  max_cached_prompt_token: priceMax('a million cached prompt tokens'),
  max_completion_token: priceMax('a million completion tokens'),
  max_reasoning_token: priceMax('a million reasoning tokens'),
  max_image: priceMax('an image'),
  max_audio_second: priceMax('a second of sound'),
  max_video_second: priceMax('a second of film'),
  max_request: priceMax('a request'),
  contextLengthMin: z.coerce
    .number()
    .int()
    .min(1)
    .max(1_000_000_000)
    .optional()
    .describe('So many tokens fit into each of its workers.'),
  region: z
    .string()
    .regex(/^[a-z0-9-]{1,32}$/)
    .optional(),
  zdr: Flag.describe('Only who promises to keep nothing of a request.'),
  noCollection: Flag.describe('Only who promises not to keep prompts to learn from them.'),
  seller: Name.optional(),
  provider: Name.optional(),
  sort: z
    .enum(['name', 'price', 'speed'])
    .default('name')
    .describe(
      '`price`: by what a request, a thousand tokens in and as many out, an image and a second each of sound and film cost together. `speed`: by tokens a second as measured of late, who was not measured last.',
    ),
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z
    .string()
    .regex(/^-?\d{1,24}\.[\w-]{1,2048}$/, 'not a cursor of an earlier answer')
    .optional()
    .describe('`nextCursor` of an earlier answer to the same question: goes on behind it.'),
});
export type ListMarket = z.infer<typeof ListMarket>;

export const MarketListing = z.strictObject({
  listing: z.string().describe('`{owner}/{provider}/{model}`: what to import.'),
  route: z.string().describe('The shortest name by which the caller may call it.'),
  seller: Name,
  provider: Name,
  model: ModelName,
  source: z.enum(['workers', 'hosted']),
  isOwn: z.boolean().describe("One's own: it costs others this price, and oneself nothing."),
  prices: Prices.describe('In force at the moment.'),
  batchPercent: z
    .int()
    .optional()
    .describe('What requests in batches pay of the prices. Absent: all.'),
  contextLength: z.int().optional(),
  ...modelFacts,
  endpoints: Endpoints.optional().describe('The paths that all of its workers say they serve.'),
  firstMs: z.number().optional().describe('Until the first byte of a stream: the median of late.'),
  tokensPerS: z.number().optional().describe('Of streams: the median of late.'),
  policy: z.strictObject({
    data: DataPolicy,
    hours: ProviderPolicy.shape.hours,
    endpoints: ProviderPolicy.shape.endpoints,
    buyerRates: PolicyRates.describe('How much each buyer may use.'),
  }),
});
export type MarketListing = z.infer<typeof MarketListing>;

export const MarketPage = z.strictObject({
  listings: z.array(MarketListing),
  nextCursor: z.string().nullable(),
});
export type MarketPage = z.infer<typeof MarketPage>;

export const marketRoutes: readonly RestRoute[] = [
  {
    method: 'get',
    path: '/api/catalog/market',
    operationId: 'listMarket',
    summary: 'What is on sale that the caller can call at the moment',
    description:
      'Nothing that is not open to the caller, that nobody serves, or whose hours are over. What is not told of a model does not fit a filter that asks for it.',
    credential: 'manage',
    query: ListMarket,
    answer: { status: 200, schema: MarketPage },
  },
];

export const marketAnswers = { MarketListing, MarketPage };

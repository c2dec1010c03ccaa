import { z } from 'zod';
import { EndpointName } from './endpoint.js';
import { NanosText, Prices } from './field.js';
import { Admit, Deadlines, Hedge, Rejection } from './route-plan.js';
import { SelectionRecord } from './selection-record.js';

/** What would happen to a request, without anybody being called or any money held. */
export const Explain = Admit.omit({ requestId: true, idempotency: true }).extend({
  type: z.literal('explain'),
  /** The same seed draws the same; a request's id is the seed of its own plan. */
  seed: z.string().min(1).max(64),
});
export type Explain = z.infer<typeof Explain>;

const throughImport = {
  import: z
    .string()
    .max(160)
    .optional()
    .describe('Which import has led to it: `{owner}/import/{name}`. Absent where none has.'),
};

/** One who would be asked, with all that the order was made of. */
export const ExplainedCandidate = z.object({
  provider: z.string().max(160).describe('`{owner}/{provider}`'),
  model: z.string().max(256).describe('Its name there.'),
  kind: z.enum(['http', 'session']),
  endpoint: EndpointName.optional().describe(
    "By which endpoint it would be asked, where that is not the request's own.",
  ),
  worker: z.string().max(64).nullable().describe('The session of the worker.'),
  isOwn: z.boolean(),
  ...throughImport,
  prices: Prices,
  costMax: NanosText.describe('What the request would cost here at most, as held.'),
  coolingUntil: z.iso.datetime().nullable().describe('It has failed of late and is asked last.'),
  room: z.int().nullable().describe('How many more requests the worker can begin at once.'),
  firstMs: z.number().nullable().describe('Median time to the first byte of late.'),
  tokensPerSecond: z.number().nullable().describe('Median of late.'),
});
export type ExplainedCandidate = z.infer<typeof ExplainedCandidate>;

export const RouteExplanation = z.object({
  object: z.literal('route.explanation'),
  route: z.string(),
  seed: z.string(),
  candidates: z.array(ExplainedCandidate).describe('In the order in which they would be asked.'),
  rejections: z
    .array(z.object({ ...Rejection.shape, ...throughImport }))
    .describe('Who is left out, and why.'),
  attemptsMax: z.int().describe('How many of the candidates would be tried.'),
  holdAmount: NanosText.nullable().describe('What would be held; null where nobody can serve.'),
  deadlines: Deadlines,
  hedge: Hedge.optional().describe(
    'When the next would be asked beside a slow one; absent where one is asked at a time.',
  ),
  refusal: z
    .object({ code: z.string(), message: z.string() })
    .nullable()
    .describe('Where nobody can serve: what the request would be told.'),
  selections: z
    .array(SelectionRecord)
    .optional()
    .describe('Of each autoselect among the routes: what it has decided, and by what.'),
});
export type RouteExplanation = z.infer<typeof RouteExplanation>;

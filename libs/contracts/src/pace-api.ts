import { z } from 'zod';
import { EndpointName } from './endpoint.js';
import { Id, ModelName } from './field.js';
import type { RestRoute } from './rest-route.js';

const figure = z.number().min(0);
const probes = z.int().min(0).describe('How many of these were probes of the market.');
/** Percentile p: p of a hundred requests were at least as good. */
const PaceFigures = z.strictObject({
  requests: z.int().min(1).describe('Over how many requests.'),
  p50: figure,
  p75: figure,
  p90: figure,
  p99: figure,
});

/** How fast one model was over a span of time. */
export const PaceWindow = z.strictObject({
  window: z.enum(['5m', '30m', '1d']),
  firstMs: PaceFigures.extend({ probes })
    .nullable()
    .describe('Milliseconds until the first byte of a stream.'),
  tokensPerS: PaceFigures.nullable().describe('Output tokens a second, of streams.'),
});

export const ProviderPace = z.strictObject({
  models: z.array(
    z.strictObject({
      model: ModelName,
      endpoint: EndpointName,
      windows: z.array(PaceWindow),
      lastFailure: z
        .strictObject({
          reason: z
            .string()
            .describe(
              '`egress_refused`: it is where nobody may be called. `redirected`: it sent us elsewhere. …',
            ),
          at: z.iso.datetime(),
        })
        .nullable()
        .describe('Of the attempts of buyers; who has served since has not undone it.'),
    }),
  ),
});
export type ProviderPace = z.infer<typeof ProviderPace>;

export const paceRoutes: readonly RestRoute[] = [
  {
    method: 'get',
    path: '/api/catalog/providers/{id}/pace',
    operationId: 'getProviderPace',
    summary:
      'How fast its models were of late, as buyers and probes have met them, and why they failed last',
    description:
      'Percentiles are right to within 5 percent. What is told is what the instance that answers has heard since it started; the endpoint of a model without a stream in the last day, and without a failure, is left out.',
    credential: 'manage',
    pathParameters: { id: Id },
    answer: { status: 200, schema: ProviderPace },
  },
];

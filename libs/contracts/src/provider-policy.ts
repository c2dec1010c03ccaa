import { z } from 'zod';
import { Count, Name } from './field.js';

const time = (pattern: RegExp) => z.string().regex(pattern, 'a time of the day, as 08:30');

/** A span of every week, in UTC. One that ends before it begins lasts into the next day. */
export const WeeklyHours = z
  .strictObject({
    day: z.enum(['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday']),
    from: time(/^(?:[01]\d|2[0-3]):[0-5]\d$/).describe('`08:30`, for one.'),
    to: time(/^(?:(?:[01]\d|2[0-3]):[0-5]\d|24:00)$/).describe('`24:00` is the end of the day.'),
  })
  .refine(({ from, to }) => from !== to, 'ends when it begins')
  .refine(({ to }) => to !== '00:00', 'the end of a day is 24:00');
export type WeeklyHours = z.infer<typeof WeeklyHours>;

export const PolicyRates = z.strictObject({
  requestsPerMinuteMax: z.int().min(1).max(1_000_000).nullable().default(null),
  tokensPerMinuteMax: Count.min(1).nullable().default(null),
});
/** Null is whatever the installation does. */
const ProbePolicy = z.strictObject({
  models: z
    .enum(['on', 'off'])
    .nullable()
    .default(null)
    .describe('Whether it is asked now and then which models it has.'),
  completion: z
    .enum(['on', 'doubtful', 'off'])
    .nullable()
    .default(null)
    .describe(
      'Whether its models are asked for a token or so: now and then (`on`), or only one that has failed and has not served since (`doubtful`).',
    ),
});
const asInstalled = { models: null, completion: null };

const noRates = { requestsPerMinuteMax: null, tokensPerMinuteMax: null };

/** Whom an owner serves, when, what with and how much. It binds everybody but the owner. */
export const ProviderPolicy = z.strictObject({
  audience: z
    .enum(['market', 'listed', 'private'])
    .default('market')
    .describe(
      '`market`: whoever pays. `listed`: those in `usernames`. `private`: nobody else. For all others it does not exist.',
    ),
  usernames: z.array(Name).max(256).default([]).describe('Whom a `listed` one is open to.'),
  hours: z
    .array(WeeklyHours)
    .min(1)
    .max(64)
    .nullable()
    .default(null)
    .describe('When others are served; null is always.'),
  endpoints: z
    .array(
      z
        .string()
        .max(128)
        .regex(/^[a-z0-9_]{1,64}(?:\.[a-z0-9_]{1,64}){0,7}$/),
    )
    .min(1)
    .max(16)
    .nullable()
    .default(null)
    .describe(
      'What others may call: `chat.completions`; `pipelines.run` is the worker path /v1/pipelines/run, `studio` all such paths. Null is everything.',
    ),
  buyerRates: PolicyRates.default(noRates).describe('How much each of them may use; null is any.'),
  rates: PolicyRates.default(noRates).describe('How much all of them together may use.'),
  probes: ProbePolicy.default(asInstalled).describe('How the market looks whether it is well.'),
});
export type ProviderPolicy = z.infer<typeof ProviderPolicy>;

/** What the owner promises about the requests of others; null is no promise. */
export const DataPolicy = z.strictObject({
  isCollected: z
    .boolean()
    .nullable()
    .default(null)
    .describe('Whether prompts are kept to learn from them.'),
  isRetained: z
    .boolean()
    .nullable()
    .default(null)
    .describe('Whether anything of a request is kept after it has ended.'),
  region: z
    .string()
    .regex(/^[a-z0-9-]{1,32}$/)
    .nullable()
    .default(null)
    .describe('Where it runs: `eu`, `us` …'),
});
export type DataPolicy = z.infer<typeof DataPolicy>;

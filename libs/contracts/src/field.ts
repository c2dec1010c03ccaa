import { z } from 'zod';

/** Amounts of money travel as whole nano-dollars in a decimal string; 19 digits fill the ledger's BIGINT. */
export const NanosText = z
  .string()
  .regex(/^\d{1,19}$/, 'a whole number of nano-dollars as a string');

/** Owners, users, providers, rotations: a name that is safe in a path, a route and a subject. */
export const Name = z
  .string()
  .regex(
    /^[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?$/,
    'lower-case letters, digits, ".", "_" and "-", 1 to 64',
  );

/** A model's name as its server calls it; it may hold slashes and colons. */
export const ModelName = z
  .string()
  .regex(/^[^\s\p{Cc}]{1,256}$/u, '1 to 256 characters without white space');

/** Ids that we make: UUIDs in the database. */
export const Id = z.uuid();

/** A request's id, which is also its hold's, its receipt's and the buyer's `x-request-id`. */
export const RequestId = z.string().regex(/^req_[0-9a-f]{32}$/);
export type RequestId = z.infer<typeof RequestId>;

/** Whence a call came, as the first of our doors saw it. */
export const ClientAddress = z.string().min(2).max(64);

/** Milliseconds since 1970. */
export const TimeMs = z.int().min(0).max(8_640_000_000_000_000);

/** A count of tokens or bytes that is worth believing. */
export const Count = z.int().min(0).max(1_000_000_000_000);

/** What can be counted and sold. Every kind stands apart: cached prompt tokens are not among the prompt tokens. */
const unitFields = <Schema extends z.ZodType>(schema: Schema) => ({
  prompt_token: schema,
  cached_prompt_token: schema,
  completion_token: schema,
  reasoning_token: schema,
  image: schema,
  audio_second: schema,
  video_second: schema,
  request: schema,
});

/**
 * Nano-dollars per million tokens, and per piece of everything else. Cached prompt tokens and reasoning tokens
 * without a price of their own cost what prompt and completion tokens do; whatever else has none is free.
 */
export const Prices = z.strictObject(unitFields(NanosText.optional()));
export type Prices = z.infer<typeof Prices>;

/** How much of each kind; what is left out is none. */
export const Units = z.strictObject(unitFields(Count.optional()));
export type Units = z.infer<typeof Units>;

/** Basis points: a hundredth of a percent. */
export const FeeBps = z.int().min(0).max(10_000);

export const FaultBody = z.strictObject({
  code: z.string().max(64),
  kind: z.enum([
    'invalid',
    'unauthenticated',
    'exhausted',
    'forbidden',
    'missing',
    'conflict',
    'oversized',
    'unprocessable',
    'throttled',
    'unsupported',
    'upstream',
    'unavailable',
    'timeout',
  ]),
  message: z.string().max(1000),
  details: z.record(
    z.string().max(64),
    z.union([z.string().max(1000), z.number(), z.boolean(), z.null()]),
  ),
});
/** A fault on its way between two of our own processes. */
export type FaultBody = z.infer<typeof FaultBody>;

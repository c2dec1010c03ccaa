import { z } from 'zod';
import { Id, ModelName, TimeMs } from './field.js';
import { Word } from './model-facts.js';

/**
 * What a probe asks. `models`: which models there are, of the whole provider or worker. `completion`: a token or so of one
 * model.
 */
export const ProbeKind = z.enum(['models', 'completion']);
export type ProbeKind = z.infer<typeof ProbeKind>;

/** `unclear`: it says nothing of whether requests would be served. */
export const ProbeOutcome = z.enum(['well', 'failed', 'unclear']);
export type ProbeOutcome = z.infer<typeof ProbeOutcome>;

/**
 * How a probe has ended, told by the router that made it to all of them. Routers are replaced one after the other, so a
 * reader drops what it does not know.
 */
export const ProbeEnded = z.object({
  type: z.literal('probe-ended'),
  kind: ProbeKind,
  providerId: Id,
  /** The worker that was asked; null of a hosted provider. */
  sessionId: z.string().max(64).nullable(),
  /** The name at the provider; null where it was asked for all of them. */
  model: z.string().max(256).nullable(),
  outcome: ProbeOutcome,
  /** Why it is not well. */
  reason: Word.nullable(),
  retryAfterMs: z.int().min(0).max(86_400_000).nullable(),
  /** Until the first byte of an answer that went to its end. */
  firstMs: z.int().min(0).nullable(),
  tookMs: z.int().min(0),
  /** Of models: those of the provider's that were not among what it has listed. */
  missing: z.array(ModelName).max(2_000).optional(),
  atMs: TimeMs,
});
export type ProbeEnded = z.infer<typeof ProbeEnded>;

import { z } from 'zod';
import { Word } from './model-facts.js';

/** A provider as people name it: `owner/provider`, or one of the two words. */
const ProviderNames = z.array(z.string().min(1).max(160)).min(1).max(64);

/** Percentiles of a speed that are wished for; those that are not named do not matter. */
const percentile = z.number().min(0).max(1_000_000).optional();
export const Percentiles = z.strictObject({
  p50: percentile,
  p75: percentile,
  p90: percentile,
  p99: percentile,
});
export type Percentiles = z.infer<typeof Percentiles>;

/** How a buyer wants a request's candidates chosen. What is absent does not matter to it. */
export const Preferences = z.strictObject({
  order: ProviderNames.optional(),
  /** False: nobody is asked whom `order` does not name; without `order`, nobody after the first. */
  allowsFallbacks: z.boolean().optional(),
  only: ProviderNames.optional(),
  ignore: ProviderNames.optional(),
  /** The fields of the body that whoever serves must heed. */
  parameters: z.array(Word).max(48).optional(),
  /** Nobody who keeps prompts to learn from them. */
  deniesCollection: z.boolean().optional(),
  /** Nobody who keeps anything of a request after it has ended. */
  isZeroRetention: z.boolean().optional(),
  quantizations: z.array(z.string().min(1).max(64)).min(1).max(32).optional(),
  regions: z.array(z.string().min(1).max(32)).min(1).max(32).optional(),
  sort: z.enum(['price', 'throughput', 'latency']).optional(),
  isOwnFirst: z.boolean().optional(),
  /** Tokens a second. Whoever is slower is asked after those who are not. */
  throughputMin: Percentiles.optional(),
  /** Until the first byte. */
  latencyMsMax: Percentiles.optional(),
});
export type Preferences = z.infer<typeof Preferences>;

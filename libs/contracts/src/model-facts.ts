import { z } from 'zod';

/** A word from a list that may grow: a reader takes words that it does not know. */
export const Word = z.string().regex(/^[a-z0-9_]{1,32}$/, 'lower-case letters, digits and "_"');

/** What is told of a model in one short text, for people to read. */
const Label = z.string().regex(/^[\w .:+/()-]{1,64}$/, '1 to 64 plain characters');

const modalities = z.array(Word).min(1).max(8);

/**
 * What a worker says of a model beyond its name and context. Everything may be left out: what is not said
 * is not known, and nothing follows from it.
 */
export const modelFacts = {
  inputs: modalities
    .optional()
    .describe('All that it takes: `text`, `image`, `audio`, `video`, `file`.'),
  outputs: modalities
    .optional()
    .describe('All that it gives: `text`, `image`, `audio`, `video`, `embedding`, `score`.'),
  hasTools: z.boolean().optional().describe('Whether it calls tools.'),
  parameters: z
    .array(Word)
    .min(1)
    .max(48)
    .optional()
    .describe('The fields of a request that it heeds.'),
  outputTokensMax: z.int().min(1).max(1_000_000_000).optional(),
  parameterSize: Label.optional().describe('How many parameters it has: `8.0B`.'),
  quantization: Label.optional().describe('`Q4_K_M`, for one.'),
  architecture: Label.optional().describe('The family that it is of: `llama`, for one.'),
};
export const ModelFacts = z.object(modelFacts);
export type ModelFacts = z.infer<typeof ModelFacts>;

/** The paths that a worker says it serves. */
export const Endpoints = z
  .array(z.string().regex(/^\/v1\/[\w.~@{}/-]{1,124}$/))
  .min(1)
  .max(64);

import { z } from 'zod';

/** What the buyers' API answers with when it refuses: OpenAI's error object. */
export const OpenAiErrorAnswer = z.strictObject({
  error: z.strictObject({
    message: z.string().describe('For people.'),
    type: z.string().describe('A rough kind, as the official clients know it.'),
    param: z.string().nullable().describe('The field that is at fault, where it is one.'),
    code: z.string().describe('For programs: stable, never renamed.'),
  }),
});

/** What the management APIs answer with when they refuse. */
export const RestErrorAnswer = z.strictObject({
  error: z.strictObject({
    code: z.string().describe('For programs: stable, never renamed.'),
    message: z.string().describe('For people.'),
    details: z
      .record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()]))
      .optional()
      .describe('Facts that help to act on it; for a malformed request, what is wrong where.'),
  }),
});

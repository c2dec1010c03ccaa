import { z } from 'zod';
import { Name } from './field.js';

/**
 * What came of asking a small model beside the market.
 *
 * - `given`: it has answered
 * - `private`: the prompt may not be shown to it, or is not known well enough to be
 * - `warming`: it has not read the examples yet
 * - `late`, `unavailable`: it did not answer in time; it could not be asked
 * - `busy`: as many as may be were asking
 * - `unusable`: what it said, or was to be asked, makes no sense
 */
export const AdviceState = z.enum([
  'given',
  'private',
  'warming',
  'late',
  'unavailable',
  'busy',
  'unusable',
]);
export type AdviceState = z.infer<typeof AdviceState>;

/** What small models say of a prompt, for one autoselect that wants to know. Whatever is not `given` says nothing. */
export const Advice = z.strictObject({
  autoselect: z.string().max(160).describe('`{owner}/{name}`'),
  classes: z
    .strictObject({
      state: AdviceState,
      similarities: z
        .record(Name, z.number().min(-1).max(1))
        .describe('How near the last question comes to the nearest example of each class.'),
    })
    .optional(),
  judge: z
    .strictObject({
      state: AdviceState,
      choice: z.string().max(320).nullable().describe('Whom it would ask first.'),
    })
    .optional(),
});
export type Advice = z.infer<typeof Advice>;

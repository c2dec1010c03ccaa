import { z } from 'zod';
import { MeaningClass } from './autoselect.js';
import { ListModels } from './route-plan.js';

/** Asks which of a request's routes are autoselects that are decided by more of a prompt than its words. */
export const SeekAdvice = z.strictObject({
  ...ListModels.shape,
  type: z.literal('seek-advice'),
  routes: z.array(z.string().min(1).max(512)).min(1).max(17),
});
export type SeekAdvice = z.infer<typeof SeekAdvice>;

/** Whom a judge may choose from: more than a small model reads with care. */
export const judgedMax = 32;

/** What one of them wants to know. A reader drops what it does not know. */
export const SoughtAdvice = z.object({
  autoselect: z.string().max(160),
  classes: z.array(MeaningClass).max(16),
  /** Each by its name among the candidates; none where there is no choice. */
  judged: z
    .array(z.object({ name: z.string().max(320), description: z.string().max(512) }))
    .max(judgedMax),
});
export type SoughtAdvice = z.infer<typeof SoughtAdvice>;

export const AdviceSought = z.object({ autoselects: z.array(SoughtAdvice).max(17) });
export type AdviceSought = z.infer<typeof AdviceSought>;

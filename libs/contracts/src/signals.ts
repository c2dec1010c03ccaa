import { z } from 'zod';
import { Advice } from './advice.js';
import { Count } from './field.js';
import { Word } from './model-facts.js';

/** What a prompt can hold that is not for everybody's eyes. */
export const PrivateKind = z.enum([
  'private_key',
  'api_key',
  'email',
  'phone',
  'iban',
  'card',
  'national_id',
]);
export type PrivateKind = z.infer<typeof PrivateKind>;

/** What a prompt is about, as far as its words tell. */
export const Subject = z.enum(['code', 'maths', 'translation', 'smalltalk']);
export type Subject = z.infer<typeof Subject>;

/** Tokens of a prompt in four sizes; the least of each but the first. */
export const contextClasses = { short: 0, medium: 2_000, long: 16_000, huge: 128_000 } as const;
export const ContextClass = z.enum(['short', 'medium', 'long', 'huge']);
export type ContextClass = z.infer<typeof ContextClass>;

/** A pair of `metadata` that decisions can be made by; longer ones are for somebody else. */
export const MetadataName = z.string().regex(/^[\w.-]{1,64}$/);
export const metadataValueMax = 128;

const share = z.number().min(0).max(1);

/**
 * What the gateway has read in a prompt, for the router to decide by. It holds nothing of the prompt itself:
 * counts, words from lists, and the buyer's own `metadata`.
 */
export const Signals = z.strictObject({
  contextClass: ContextClass,
  turns: Count,
  inputs: z.array(Word).max(8),
  hasTools: z.boolean(),
  isStructured: z.boolean(),
  /** Of the last thing that was asked; null where it cannot be told. */
  language: z
    .string()
    .regex(/^[a-z]{2}$/)
    .nullable(),
  subjects: z.array(Subject).max(8),
  codeShare: share,
  mathsShare: share,
  private: z.array(PrivateKind).max(16),
  /** Not everything was looked at: too long, or of a kind that cannot be read. */
  isCut: z.boolean(),
  metadata: z.record(MetadataName, z.string().max(metadataValueMax)),
  /** Of autoselects that want it, where the installation has a model for it. Absent: nobody was asked. */
  advice: z.array(Advice).max(17).optional(),
});
export type Signals = z.infer<typeof Signals>;

import { z } from 'zod';
import { AutoselectDefinition, Source } from './autoselect.js';
import { Count, Id, NanosText, Prices, RequestId } from './field.js';
import { Word } from './model-facts.js';
import { Signals } from './signals.js';

const figure = z.number().min(0);

/** All that a selection knows of one candidate, at the moment of deciding. */
export const CandidateFacts = z.object({
  name: z.string().max(320).describe('Its provider and model.'),
  source: Source,
  /** Own, or its owner has promised neither to collect nor to retain. */
  isDiscreet: z.boolean(),
  region: z.string().max(32).nullable(),
  prices: Prices,
  expectedCost: NanosText,
  firstMs: figure.nullable(),
  tokensPerSecond: figure.nullable(),
  /** Share of its places that are free, of the freest of its workers; null where nobody tells. */
  room: z.number().min(0).max(1).nullable(),
  successRate: z.number().min(0).max(1).nullable(),
  isCooling: z.boolean(),
  /** What the least of its workers takes; null where one does not say. */
  contextTokens: Count.nullable(),
  /** Each of its workers has said that it takes all that the request holds. */
  isDeclared: z.boolean(),
  tier: z.int().min(0).max(100),
});
export type CandidateFacts = z.infer<typeof CandidateFacts>;

export const CeilingName = z.enum([
  'not_private',
  'price',
  'cost',
  'first_token',
  'context',
  'capability',
  'region',
  'source',
]);
export type CeilingName = z.infer<typeof CeilingName>;

const part = z.number().min(0).max(1);

export const ScoredCandidate = z.object({
  name: z.string().max(320),
  score: part,
  parts: z.object({
    price: part,
    speed: part,
    firstToken: part,
    load: part,
    success: part,
    quality: part,
  }),
});
export type ScoredCandidate = z.infer<typeof ScoredCandidate>;

/** One selection of those that were made after each other. */
export const SelectionOutcome = z.object({
  isPrivate: z.boolean().describe('Only the discreet were let in.'),
  ranking: z
    .array(z.array(ScoredCandidate))
    .describe('The best first, before it whom a judge has chosen; equals stand together.'),
  excluded: z.array(z.object({ name: z.string().max(320), by: z.array(CeilingName) })),
});
export type SelectionOutcome = z.infer<typeof SelectionOutcome>;

/** A decision and everything that it was made of: made again, it comes out the same. */
export const SelectionRecord = z.object({
  autoselect: z.string().max(160).describe('`{owner}/{name}`'),
  definition: AutoselectDefinition,
  promptTokens: Count,
  signals: Signals.nullable().describe('Null: nobody has looked, so that everything is private.'),
  /** For each of the selections that were made, in their order. */
  candidates: z.array(z.array(CandidateFacts).max(4_096)).max(4),
  decision: Word.or(z.string().max(64)).nullable().describe('Null: none held.'),
  outcomes: z.array(SelectionOutcome).max(4),
  omitted: Count.optional().describe(
    'So many more candidates were looked at. What is left out with them has decided nothing of the rest.',
  ),
});
export type SelectionRecord = z.infer<typeof SelectionRecord>;

/** The routes of a request, each of which may be an autoselect. */
const Selections = z.array(SelectionRecord).min(1).max(17);

/** What autoselects have decided for one request, for its receipt. */
export const SelectionNote = z.strictObject({
  requestId: RequestId,
  ownerId: Id,
  selections: Selections,
});
export type SelectionNote = z.infer<typeof SelectionNote>;

/** Told again they change nothing. */
export const NoteSelections = z.strictObject({
  type: z.literal('note-selections'),
  notes: z.array(SelectionNote).min(1).max(64),
});
export type NoteSelections = z.infer<typeof NoteSelections>;

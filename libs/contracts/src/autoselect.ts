import { z } from 'zod';
import { BoundedTree } from './decision-tree.js';
import { Id, ModelName, Name, NanosText, Prices } from './field.js';
import type { RestRoute } from './rest-route.js';

/** Where the candidates of a selection may come from. */
export const Source = z.enum(['own', 'workers', 'hosted']);
export type Source = z.infer<typeof Source>;

const Member = z.union([
  z.strictObject({ providerId: Id, model: ModelName }),
  z.strictObject({ rotationId: Id.describe('All that a rotation leads to.') }),
  z.strictObject({ importId: Id.describe("A listing by way of one's import of it.") }),
]);
export type AutoselectMember = z.infer<typeof Member>;

/** What no candidate may be beyond, however well it does otherwise. What is absent does not matter. */
const Ceilings = z.strictObject({
  pricesMax: Prices.optional().describe('Whoever is dearer by any of these is left out.'),
  expectedCostMax: NanosText.optional().describe(
    'What the request is expected to cost at most, by its prompt and what its answers usually take.',
  ),
  firstMsMax: z
    .int()
    .min(1)
    .max(3_600_000)
    .optional()
    .describe('Median time to the first token. Who has not been measured is left out.'),
  contextTokensMin: z
    .int()
    .min(1)
    .max(1_000_000_000)
    .optional()
    .describe('Who does not say how much fits into the model is left out.'),
  isDeclared: z
    .boolean()
    .optional()
    .describe(
      'The model is known to take what the request holds: its length, pictures, sounds, films, tools.',
    ),
  regions: z.array(z.string().min(1).max(32)).min(1).max(32).optional(),
  sources: z
    .array(Source)
    .min(1)
    .max(3)
    .optional()
    .describe("One's own providers; workers of others; hosted APIs of others."),
});

const weight = z.int().min(0).max(100).default(0);
const Weights = z.strictObject({
  price: weight,
  speed: weight.describe('Tokens a second.'),
  firstToken: weight,
  load: weight.describe('Room for further requests.'),
  success: weight,
  quality: weight.describe('The tier that `qualities` gives it.'),
});
export type AutoselectWeights = z.infer<typeof Weights>;

/** Privacy of a selection, the strictest last. */
const Privacy = z
  .enum(['ignored', 'marked', 'always'])
  .describe(
    'Whether only own providers, and those that promise neither to collect nor to retain, may serve: never; where the prompt holds something private or was not looked at whole; always.',
  );

export const Selection = z.strictObject({
  from: z
    .union([z.literal('everything'), z.array(Member).min(1).max(256)])
    .default('everything')
    .describe('All that the buyer may call, or some of it.'),
  ceilings: Ceilings.default({}),
  weights: Weights.prefault({}),
  privacy: Privacy.default('marked'),
});
export type Selection = z.infer<typeof Selection>;

const Selections = z
  .array(Selection)
  .min(1)
  .max(4)
  .describe('Candidates of the next are asked after those of the one before.');

/** A sort of question, told by its meaning: by how near it comes to these, as a small model sees it. */
export const MeaningClass = z.strictObject({
  name: Name,
  examples: z
    .array(z.string().trim().min(1).max(512))
    .min(1)
    .max(16)
    .describe('Questions of this sort, as they are asked.'),
  similarityMin: z
    .number()
    .min(0)
    .max(1)
    .default(0.6)
    .describe('From here on a question is of this class. What is near depends on the model.'),
});
export type MeaningClass = z.infer<typeof MeaningClass>;

const Judge = z.strictObject({
  models: z
    .array(
      z.strictObject({
        model: z.string().min(1).max(256).describe("A model's name, or its beginning and a star."),
        description: z.string().trim().min(1).max(512).describe('What it is good for.'),
      }),
    )
    .min(2)
    .max(32)
    .describe('Whom it may choose from; the first that fits describes a candidate.'),
});

/** Which selection is made when, and how good models are held to be. */
const definition = {
  decisions: z
    .array(
      z.strictObject({
        name: Name,
        when: BoundedTree,
        use: Selections,
      }),
    )
    .max(32)
    .default([])
    .describe('The first whose `when` holds decides.'),
  otherwise: Selections.describe('Where no decision holds.'),
  qualities: z
    .array(
      z.strictObject({
        model: z
          .string()
          .min(1)
          .max(256)
          .describe("A model's name, or the beginning of one and a star."),
        tier: z.int().min(0).max(100),
      }),
    )
    .max(256)
    .default([])
    .describe('The first that fits says how good a model is; who is not named is worst.'),
  classes: z
    .array(MeaningClass)
    .max(16)
    .refine((all) => new Set(all.map(({ name }) => name)).size === all.length, 'names repeat')
    .optional()
    .describe('For the signal `classes`, where the installation has a model that tells meanings.'),
  judge: Judge.optional().describe(
    'A small model of the installation, if it has one, reads the beginning of the question and says who is asked first of those that no ceiling leaves out.',
  ),
};

export const AutoselectDefinition = z.strictObject(definition);
export type AutoselectDefinition = z.infer<typeof AutoselectDefinition>;

export const PutAutoselect = z.strictObject({ username: Name.optional(), ...definition });
export type PutAutoselect = z.infer<typeof PutAutoselect>;

export const Autoselect = z.strictObject({
  id: Id.nullable().describe('Null: it is built in.'),
  name: Name,
  username: Name,
  ...definition,
});
export type Autoselect = z.infer<typeof Autoselect>;

export const Autoselects = z.strictObject({ autoselects: z.array(Autoselect) });

const whose = z.strictObject({ username: Name.optional() });

export const autoselectRoutes: readonly RestRoute[] = [
  {
    method: 'put',
    path: '/api/catalog/autoselects/{name}',
    operationId: 'putAutoselect',
    summary: 'Create an autoselect or replace it; one of the name of a built-in one hides that',
    credential: 'manage',
    pathParameters: { name: Name },
    request: PutAutoselect,
    answer: { status: 200, schema: Autoselect },
  },
  {
    method: 'get',
    path: '/api/catalog/autoselects',
    operationId: 'listAutoselects',
    summary: 'Own autoselects, and the built-in ones that none of them hides',
    credential: 'manage',
    query: whose,
    answer: { status: 200, schema: Autoselects },
  },
  {
    method: 'get',
    path: '/api/catalog/autoselects/{name}',
    operationId: 'getAutoselect',
    summary: 'One of them',
    credential: 'manage',
    pathParameters: { name: Name },
    query: whose,
    answer: { status: 200, schema: Autoselect },
  },
  {
    method: 'delete',
    path: '/api/catalog/autoselects/{name}',
    operationId: 'deleteAutoselect',
    summary: 'Delete an own autoselect',
    credential: 'manage',
    pathParameters: { name: Name },
    query: whose,
    answer: { status: 204 },
  },
];

export const autoselectAnswers = { Autoselect, Autoselects };

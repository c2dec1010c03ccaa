import { z } from 'zod';
import { toldMembersMax } from './callable-routes.js';
import type { RestRoute } from './rest-route.js';

/** What a token can call besides single models, in the form of OpenAI's lists. */

const common = {
  created: z.int().min(0).describe('Seconds since 1970.'),
  owned_by: z.string().describe("Its owner's username; `global` is the operator."),
  name: z.string().describe('Its name among those of its owner.'),
};

export const ProviderEntry = z.strictObject({
  id: z
    .string()
    .max(160)
    .describe('`{owner}/{provider}`: as `provider.only` and `x-aisbf-provider` have it.'),
  object: z.literal('provider'),
  ...common,
  kind: z.enum(['workers', 'hosted']).describe('Machines of its owner, or an API elsewhere.'),
  is_own: z.boolean().describe("One's own capacity costs nothing."),
  models: z.int().min(1).describe('How many of its models this token can call.'),
  collects_data: z.boolean().optional().describe('Absent: its owner does not say.'),
  retains_data: z.boolean().optional().describe('Absent: its owner does not say.'),
  region: z.string().optional(),
});
export type ProviderEntry = z.infer<typeof ProviderEntry>;

export const RotationEntry = z.strictObject({
  id: z.string().max(512).describe('What to put into `model` of a request.'),
  object: z.literal('rotation'),
  ...common,
  members: z
    .array(
      z.strictObject({
        provider: z.string().max(160).describe('`{owner}/{provider}`'),
        model: z.string().max(256),
      }),
    )
    .max(toldMembersMax)
    .describe('What it may lead this token to at the moment, rotations within it included.'),
});
export type RotationEntry = z.infer<typeof RotationEntry>;

export const AutoselectEntry = z.strictObject({
  id: z.string().max(512).describe('What to put into `model` of a request.'),
  object: z.literal('autoselect'),
  ...common,
  is_built_in: z.boolean().describe('It comes with the market; nobody has stored it.'),
});
export type AutoselectEntry = z.infer<typeof AutoselectEntry>;

const listOf = <Entry extends z.ZodType>(entry: Entry) =>
  z.strictObject({ object: z.literal('list'), data: z.array(entry) });

const ProviderList = listOf(ProviderEntry);
const RotationList = listOf(RotationEntry);
const AutoselectList = listOf(AutoselectEntry);

export const buyerListAnswers = {
  ProviderEntry,
  ProviderList,
  RotationEntry,
  RotationList,
  AutoselectEntry,
  AutoselectList,
};

export const buyerListRoutes: readonly RestRoute[] = [
  {
    method: 'get',
    path: '/v1/providers',
    operationId: 'listCallableProviders',
    summary: 'Every provider of which this API token can call something now',
    credential: 'inference',
    answer: { status: 200, schema: ProviderList },
  },
  {
    method: 'get',
    path: '/v1/rotations',
    operationId: 'listCallableRotations',
    summary: 'Every rotation that this API token can call now, and what it may lead to',
    credential: 'inference',
    answer: { status: 200, schema: RotationList },
  },
  {
    method: 'get',
    path: '/v1/autoselects',
    operationId: 'listCallableAutoselects',
    summary: 'Every autoselect that this API token can call now',
    credential: 'inference',
    answer: { status: 200, schema: AutoselectList },
  },
];

import { z } from 'zod';
import { Id, Name, Prices } from './field.js';
import { OnBehalf } from './principal.js';
import type { RestRoute } from './rest-route.js';

/** Imports, in the REST API under `/api/catalog`: listings of others under names of one's own. */

/** `{owner}/{provider}/{model}`. The model's name may hold slashes; the words before it may not. */
export const ListingName = z
  .string()
  .max(512)
  .regex(/^[^\s\p{Cc}/]+\/[^\s\p{Cc}/]+\/[^\s\p{Cc}]+$/u, 'a listing: {owner}/{provider}/{model}');

export const PutImport = z.strictObject({
  ...OnBehalf.shape,
  listing: ListingName.describe(
    '`{owner}/{provider}/{model}`, as the market shows it, or `{owner}/provider/{provider}/{model}`.',
  ),
  maxPrices: Prices.default({}).describe(
    'The dearest that is taken, for as long as the import lasts: where the seller asks more for any of these units the import refuses with `price_above_max`. Units that are not named may cost anything.',
  ),
  note: z
    .string()
    .min(1)
    .max(500)
    .nullable()
    .default(null)
    .describe('For oneself; nobody else sees it.'),
});
export type PutImport = z.infer<typeof PutImport>;

export const Import = z.strictObject({
  id: Id,
  name: Name,
  username: Name,
  route: z.string().describe('What to put into `model` of a request.'),
  listing: z.string().describe('As it was named when it was imported.'),
  maxPrices: Prices,
  note: z.string().nullable(),
  state: z
    .enum(['callable', 'price_above_max', 'not_on_sale'])
    .describe(
      '`price_above_max`: the seller asks more than `maxPrices`. `not_on_sale`: the listing is gone, or no longer on sale to one.',
    ),
  prices: Prices.nullable().describe('In force at the moment; null where it is not on sale.'),
  createdAt: z.iso.datetime(),
});
export type Import = z.infer<typeof Import>;

export const Imports = z.strictObject({ imports: z.array(Import) });

const byName = { credential: 'manage', pathParameters: { name: Name } } as const;

export const importRoutes: readonly RestRoute[] = [
  {
    method: 'put',
    path: '/api/catalog/imports/{name}',
    operationId: 'putImport',
    summary: "Import somebody's listing under a name of one's own, or replace the import",
    description:
      "It is called as `import/{name}`, and may be a member of one's rotations and autoselects. Whoever calls it pays the listing's price in force; the seller is paid as for any call. The operator's imports are open to everybody.",
    ...byName,
    request: PutImport,
    answer: { status: 200, schema: Import },
  },
  {
    method: 'get',
    path: '/api/catalog/imports',
    operationId: 'listImports',
    summary: 'Own imports, and whether each can be called',
    credential: 'manage',
    query: OnBehalf,
    answer: { status: 200, schema: Imports },
  },
  {
    method: 'get',
    path: '/api/catalog/imports/{name}',
    operationId: 'getImport',
    summary: 'One of them',
    ...byName,
    query: OnBehalf,
    answer: { status: 200, schema: Import },
  },
  {
    method: 'delete',
    path: '/api/catalog/imports/{name}',
    operationId: 'deleteImport',
    summary: 'Delete an import; rotations lose it',
    ...byName,
    query: OnBehalf,
    answer: { status: 204 },
  },
];

export const importAnswers = { Import, Imports };

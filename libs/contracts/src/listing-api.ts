import { z } from 'zod';
import { FeeBps, Id, ModelName, Name, Prices } from './field.js';
import { OnBehalf } from './principal.js';
import type { RestRoute } from './rest-route.js';

/** What is on sale under `/api/catalog`, at which prices and fees, and from when. */

const ValidFrom = z.iso
  .datetime({ offset: true })
  .optional()
  .describe('The moment from which it holds; absent is at once. It may not have passed.');

/** Puts a provider's model on sale, or sets its prices from a moment on. */
export const PutListing = z.strictObject({
  providerId: Id,
  model: ModelName,
  prices: Prices,
  validFrom: ValidFrom,
  isActive: z
    .boolean()
    .default(true)
    .describe('At once, whenever the prices begin. What has no price yet is not on sale.'),
  batchPercent: z
    .int()
    .min(0)
    .max(100)
    .optional()
    .describe(
      'What requests in batches pay of the prices, in percent; for those that come from now on. Absent: as before, at first 100.',
    ),
});
export type PutListing = z.infer<typeof PutListing>;

const change = {
  id: Id,
  validFrom: z.iso.datetime(),
  setAt: z.iso.datetime(),
  setBy: Name.nullable().describe('Null: from before this was kept.'),
  withdrawnAt: z.iso.datetime().nullable().describe('Before it began.'),
  withdrawnBy: Name.nullable(),
};

export const PriceChange = z.strictObject({ ...change, prices: Prices });
export type PriceChange = z.infer<typeof PriceChange>;

const OwnFee = FeeBps.nullable().describe('In basis points; null is none of its own.');

export const FeeChange = z.strictObject({ ...change, feeBps: OwnFee });
export type FeeChange = z.infer<typeof FeeChange>;

const fee = {
  feeBps: FeeBps.describe('What the platform keeps of a sale, in basis points.'),
  feeSource: z
    .enum(['listing', 'seller', 'default'])
    .describe("The listing's own fee comes before its seller's, and that before the default."),
};

const feesAhead = z
  .array(z.strictObject({ ...fee, validFrom: z.iso.datetime() }))
  .describe('The fees to come.');

export const Listing = z.strictObject({
  id: Id,
  providerId: Id,
  provider: z.string(),
  model: ModelName,
  prices: Prices.nullable().describe('In force at the moment; null: the first have not begun.'),
  pricesAhead: z.array(PriceChange).describe('Those to come, the next one first.'),
  ...fee,
  feesAhead,
  isActive: z.boolean(),
  batchPercent: z.int().describe('What requests in batches pay of the prices.'),
});
export type Listing = z.infer<typeof Listing>;

export const Listings = z.strictObject({ listings: z.array(Listing) });

export const PutFee = z.strictObject({ feeBps: OwnFee, validFrom: ValidFrom });
export type PutFee = z.infer<typeof PutFee>;

/** The fee of a seller's listings that have none of their own. */
export const SellerFee = z.strictObject({ username: Name, ...fee, feesAhead });
export type SellerFee = z.infer<typeof SellerFee>;

export const ListChanges = z.strictObject({
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z
    .string()
    .regex(/^\d{1,18}$/, 'not a cursor of an earlier answer')
    .optional()
    .describe('`nextCursor` of an earlier answer: goes on behind it.'),
});
export type ListChanges = z.infer<typeof ListChanges>;

const nextCursor = z.string().nullable();
/** What was set last comes first; what lies ahead, and what was withdrawn, are among them. */
export const PriceChanges = z.strictObject({ changes: z.array(PriceChange), nextCursor });
export type PriceChanges = z.infer<typeof PriceChanges>;
export const FeeChanges = z.strictObject({ changes: z.array(FeeChange), nextCursor });
export type FeeChanges = z.infer<typeof FeeChanges>;

/** By their names in the OpenAPI document. */
export const listingRequests = { PutListing, PutFee };
export const listingAnswers = {
  PriceChange,
  PriceChanges,
  FeeChange,
  FeeChanges,
  Listing,
  Listings,
  SellerFee,
};

const managed = { credential: 'manage' } as const;
const byId = { ...managed, pathParameters: { id: Id } };
const byChange = { ...managed, pathParameters: { id: Id, changeId: Id } };
const bySeller = { ...managed, pathParameters: { username: Name } };
const bySellerChange = { ...managed, pathParameters: { username: Name, changeId: Id } };
const done = { answer: { status: 204 } } as const;

export const listingRoutes: readonly RestRoute[] = [
  {
    method: 'put',
    path: '/api/catalog/listings',
    operationId: 'putListing',
    summary: 'Put a model on sale, or set its prices from a moment on',
    description:
      'Requests that were admitted before keep their prices. Prices to come that begin at the same moment are replaced.',
    ...managed,
    request: PutListing,
    answer: { status: 200, schema: Listing },
  },
  {
    method: 'get',
    path: '/api/catalog/listings',
    operationId: 'listListings',
    summary: 'Own listings, with their prices and fees of the moment and those to come',
    ...managed,
    query: OnBehalf,
    answer: { status: 200, schema: Listings },
  },
  {
    method: 'get',
    path: '/api/catalog/listings/{id}',
    operationId: 'getListing',
    summary: 'One of them',
    ...byId,
    answer: { status: 200, schema: Listing },
  },
  {
    method: 'delete',
    path: '/api/catalog/listings/{id}',
    operationId: 'deleteListing',
    summary: 'Take a model off sale',
    ...byId,
    ...done,
  },
  {
    method: 'get',
    path: '/api/catalog/listings/{id}/prices',
    operationId: 'listPriceChanges',
    summary: 'The history of its prices: who set which, when, and from when on',
    ...byId,
    query: ListChanges,
    answer: { status: 200, schema: PriceChanges },
  },
  {
    method: 'delete',
    path: '/api/catalog/listings/{id}/prices/{changeId}',
    operationId: 'withdrawPriceChange',
    summary: 'Withdraw prices that have not begun',
    description: 'They stay in the history. Those of before hold on.',
    ...byChange,
    ...done,
  },
  {
    method: 'put',
    path: '/api/catalog/listings/{id}/fee',
    operationId: 'putListingFee',
    summary: "Set a listing's own fee from a moment on (operators)",
    ...byId,
    request: PutFee,
    answer: { status: 200, schema: Listing },
  },
  {
    method: 'get',
    path: '/api/catalog/listings/{id}/fees',
    operationId: 'listListingFeeChanges',
    summary: 'The history of its own fee',
    ...byId,
    query: ListChanges,
    answer: { status: 200, schema: FeeChanges },
  },
  {
    method: 'delete',
    path: '/api/catalog/listings/{id}/fees/{changeId}',
    operationId: 'withdrawListingFeeChange',
    summary: 'Withdraw a fee that has not begun (operators)',
    ...byChange,
    ...done,
  },
  {
    method: 'get',
    path: '/api/catalog/sellers/{username}/fee',
    operationId: 'getSellerFee',
    summary:
      "The fee of a seller's listings that have none of their own: one's own (operators: any)",
    ...bySeller,
    answer: { status: 200, schema: SellerFee },
  },
  {
    method: 'put',
    path: '/api/catalog/sellers/{username}/fee',
    operationId: 'putSellerFee',
    summary: "Set a seller's fee from a moment on (operators)",
    ...bySeller,
    request: PutFee,
    answer: { status: 200, schema: SellerFee },
  },
  {
    method: 'get',
    path: '/api/catalog/sellers/{username}/fees',
    operationId: 'listSellerFeeChanges',
    summary: "The history of a seller's fee: one's own (operators: any)",
    ...bySeller,
    query: ListChanges,
    answer: { status: 200, schema: FeeChanges },
  },
  {
    method: 'delete',
    path: '/api/catalog/sellers/{username}/fees/{changeId}',
    operationId: 'withdrawSellerFeeChange',
    summary: "Withdraw a seller's fee that has not begun (operators)",
    ...bySellerChange,
    ...done,
  },
];

import { z } from 'zod';
import { Id, Name, NanosText } from './field.js';
import type { RestRoute } from './rest-route.js';

/** Payouts under `/api/account`: what becomes of what was earned. */

export const PayoutProviderKind = z.enum(['stripe', 'csv']);
export type PayoutProviderKind = z.infer<typeof PayoutProviderKind>;

export const EarningsBalance = z.strictObject({
  username: Name,
  currency: z.literal('USD'),
  /** All that was earned and not paid out, what was taken back of it included: then it may be below zero. */
  earned: z.string().regex(/^(0|-?[1-9]\d{0,18})$/),
  pending: NanosText.describe('Of it, too young to be paid out.'),
  mature: NanosText.describe('Of it, old enough.'),
  reserve: NanosText.describe('Of that, kept back.'),
  payable: NanosText.describe(
    'What the next run pays out, in whole cents, unless it is too little.',
  ),
  inPayout: NanosText.describe('On its way.'),
  paid: NanosText.describe('Paid out so far, less what came back.'),
  reversed: NanosText.describe('What came back so far; it is among the earned again.'),
  maturityDays: z
    .int()
    .describe('How many whole days earnings wait; longer before the first payout.'),
  minimum: NanosText,
});
export type EarningsBalance = z.infer<typeof EarningsBalance>;

export const PayoutAccount = z.strictObject({
  provider: PayoutProviderKind.nullable(),
  /** What the provider calls the owner; bank details are with the provider only. */
  destination: z.string().nullable(),
  isReady: z.boolean(),
});
export type PayoutAccount = z.infer<typeof PayoutAccount>;

/** Looks like an account number of a bank or a card: those do not belong here. */
const bankNumber = /^[A-Z]{2}\d{2}[A-Z0-9 ]{10,}$|^[\d -]{8,}$/i;

export const PutPayoutAccount = z.strictObject({
  provider: z.literal('csv'),
  destination: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9 ._-]{0,63}$/, 'letters, digits, " ", ".", "_" and "-", 1 to 64')
    .refine((text) => !bankNumber.test(text), 'a reference, not the number of a bank account')
    .describe("The operator's own reference of this payee at its bank."),
});
export type PutPayoutAccount = z.infer<typeof PutPayoutAccount>;

export const Onboarding = z.strictObject({ url: z.url() });
export type Onboarding = z.infer<typeof Onboarding>;

export const PayoutState = z.enum(['prepared', 'submitted', 'paid', 'failed', 'reversed']);
export type PayoutState = z.infer<typeof PayoutState>;

export const Payout = z.strictObject({
  id: Id,
  username: Name,
  amount: NanosText,
  amountUsd: z.string(),
  provider: PayoutProviderKind,
  state: PayoutState,
  /** How much of it came back. */
  reversed: NanosText,
  providerRef: z.string().nullable(),
  reason: z.string().nullable(),
  batchId: Id.nullable(),
  createdAt: z.iso.datetime(),
  submittedAt: z.iso.datetime().nullable(),
  resolvedAt: z.iso.datetime().nullable(),
});
export type Payout = z.infer<typeof Payout>;

export const ListPayouts = z.strictObject({
  limit: z.coerce.number().int().min(1).max(200).default(50),
  before: Id.optional().describe('Only those older than this payout.'),
  state: PayoutState.optional(),
  username: Name.optional().describe("Whose; an operator who names nobody sees everybody's."),
});
export type ListPayouts = z.infer<typeof ListPayouts>;

export const Payouts = z.strictObject({ payouts: z.array(Payout) });

export const RunPayouts = z.strictObject({
  isDryRun: z.boolean().default(false).describe('Only says what would be paid out.'),
});
export type RunPayouts = z.infer<typeof RunPayouts>;

export const PayoutRun = z.strictObject({
  isDryRun: z.boolean(),
  payouts: z.array(z.strictObject({ username: Name, amount: NanosText, payoutId: Id.nullable() })),
  amount: NanosText,
});
export type PayoutRun = z.infer<typeof PayoutRun>;

export const CreatePayoutBatch = z.strictObject({
  /** The same id again is the same file. */
  batchId: Id,
});
export type CreatePayoutBatch = z.infer<typeof CreatePayoutBatch>;

export const PayoutBatch = z.strictObject({
  batchId: Id,
  createdAt: z.iso.datetime(),
  payouts: z.int(),
  amount: NanosText,
  file: z.string().describe('Where to download it.'),
});
export type PayoutBatch = z.infer<typeof PayoutBatch>;

export const PayoutOutcome = z.strictObject({
  payoutId: Id,
  outcome: z.enum(['paid', 'failed', 'reversed']),
  reference: z.string().min(1).max(200).optional(),
  reason: z.string().min(1).max(500).optional(),
});
export type PayoutOutcome = z.infer<typeof PayoutOutcome>;

export const RecordPayoutOutcomes = z.strictObject({
  outcomes: z.array(PayoutOutcome).min(1).max(1_000),
});
export type RecordPayoutOutcomes = z.infer<typeof RecordPayoutOutcomes>;

export const RecordedPayoutOutcomes = z.strictObject({
  results: z.array(
    z.strictObject({
      payoutId: Id,
      result: z
        .enum(['booked', 'replay', 'early', 'undecided', 'contradicts', 'missing'])
        .describe(
          '`early`: not handed over yet. `undecided`: its provider may still be asked. `contradicts`: it ended otherwise before. In each of these nothing moved.',
        ),
    }),
  ),
});
export type RecordedPayoutOutcomes = z.infer<typeof RecordedPayoutOutcomes>;

const byUsername = { pathParameters: { username: Name } };
const byId = { pathParameters: { id: Id } };

export const payoutRoutes: readonly RestRoute[] = [
  {
    method: 'get',
    path: '/api/account/earnings-balance',
    operationId: 'getEarningsBalance',
    summary: 'What one has earned, and how much of it is when paid out',
    credential: 'usage',
    answer: { status: 200, schema: EarningsBalance },
  },
  {
    method: 'get',
    path: '/api/account/payouts',
    operationId: 'listPayouts',
    summary: 'Payouts, the latest first',
    credential: 'usage',
    query: ListPayouts,
    answer: { status: 200, schema: Payouts },
  },
  {
    method: 'get',
    path: '/api/account/payouts/{id}',
    operationId: 'getPayout',
    summary: 'One of them',
    credential: 'usage',
    ...byId,
    answer: { status: 200, schema: Payout },
  },
  {
    method: 'get',
    path: '/api/account/payout-account',
    operationId: 'getPayoutAccount',
    summary: 'Where earnings are paid out to',
    credential: 'usage',
    answer: { status: 200, schema: PayoutAccount },
  },
  {
    method: 'post',
    path: '/api/account/payout-account/onboarding',
    operationId: 'startPayoutOnboarding',
    summary: 'Get the address at which the payment provider asks who one is and where to pay',
    description:
      'The address is good for minutes, and once; ask for another whenever it is needed.',
    credential: 'manage',
    answer: { status: 201, schema: Onboarding },
  },
  {
    method: 'put',
    path: '/api/account/payout-accounts/{username}',
    operationId: 'putPayoutAccount',
    summary: 'Have an owner paid through batch files for a bank (operators)',
    credential: 'manage',
    ...byUsername,
    request: PutPayoutAccount,
    answer: { status: 200, schema: PayoutAccount },
  },
  {
    method: 'post',
    path: '/api/account/payout-runs',
    operationId: 'runPayouts',
    summary: 'Pay out now what can be paid out (operators)',
    credential: 'manage',
    request: RunPayouts,
    isRequestOptional: true,
    answer: { status: 201, schema: PayoutRun },
  },
  {
    method: 'post',
    path: '/api/account/payout-batches',
    operationId: 'createPayoutBatch',
    summary: 'Put the payouts that wait for a bank into one file (operators)',
    description: 'A payout stands in one file only. The same `batchId` again gives the same file.',
    credential: 'manage',
    request: CreatePayoutBatch,
    answer: { status: 201, schema: PayoutBatch },
  },
  {
    method: 'get',
    path: '/api/account/payout-batches/{id}',
    operationId: 'getPayoutBatch',
    summary: 'Such a file (operators)',
    credential: 'manage',
    ...byId,
    answer: { status: 200, isCsvToo: true },
  },
  {
    method: 'post',
    path: '/api/account/payout-outcomes',
    operationId: 'recordPayoutOutcomes',
    summary: 'Say what became of payouts (operators)',
    credential: 'manage',
    request: RecordPayoutOutcomes,
    answer: { status: 200, schema: RecordedPayoutOutcomes },
  },
];

export const payoutRequests = {
  PutPayoutAccount,
  RunPayouts,
  CreatePayoutBatch,
  RecordPayoutOutcomes,
};
export const payoutAnswers = {
  EarningsBalance,
  Payout,
  Payouts,
  PayoutAccount,
  Onboarding,
  PayoutRun,
  PayoutBatch,
  RecordedPayoutOutcomes,
};

import { z } from 'zod';
import { Id, NanosText, RequestId } from './field.js';
import { Outcome, Receipt } from './ledger.js';
import type { RestRoute } from './rest-route.js';

/**
 * Usage, earnings and statements under `/api/account`. Days are whole days UTC; a request is of the day on
 * which it ended and its money moved. Every figure comes with the address of the receipts that it is the sum of.
 */

const Day = z.iso.date();
const EndOutcome = Outcome.or(z.literal('expired'));

/** The longest span that is summed up at once: a year and a month to compare it with. */
const spanDaysMax = 400;
const dayMs = 86_400_000;

const span = {
  from: Day.describe('The first day.'),
  to: Day.describe('The last day.'),
};
const isSpan = ({ from, to }: { from?: string | undefined; to?: string | undefined }): boolean =>
  from === undefined || to === undefined || from <= to;
const isShort = ({ from, to }: { from: string; to: string }): boolean =>
  (Date.parse(to) - Date.parse(from)) / dayMs < spanDaysMax;
const forwards = { error: 'ends before it begins', path: ['to'] };
const short = { error: `more than ${spanDaysMax} days`, path: ['to'] };

const served = {
  model: z.string().max(256).optional().describe('Served as this model; empty: served by nobody.'),
  provider: z.string().max(160).optional().describe('As on the receipt; empty: served by nobody.'),
};
const filters = {
  token: Id.optional().describe('Asked for with this API token.'),
  ...served,
  route: z.string().max(512).optional().describe('What the request named.'),
  outcome: EndOutcome.optional(),
};
const page = {
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z
    .string()
    .regex(/^\d{1,20}\.req_[0-9a-f]{32}$/, 'not a cursor of an earlier answer')
    .optional()
    .describe('`nextCursor` of an earlier answer: goes on behind it.'),
};
const format = { format: z.enum(['json', 'csv']).default('json') };

/** What figures may be split by: some of these words, each once, with commas. */
function splitBy<const Word extends string>(words: readonly [Word, ...Word[]], fallback: Word[]) {
  const one = `(?:${words.join('|')})`;
  return z
    .string()
    .regex(new RegExp(`^${one}(?:,${one})*$`), `some of ${words.join(', ')}`)
    .default(fallback.join(','))
    .transform((text) => words.filter((word) => text.split(',').includes(word)));
}

export const ListReceipts = z
  .strictObject({
    ...page,
    before: z.iso
      .datetime()
      .optional()
      .describe('Only those that ended before; of those that run, that began before.'),
    from: Day.optional().describe('Only those that ended on this day or later.'),
    to: Day.optional().describe('Only those that ended on this day or earlier.'),
    ...filters,
  })
  .refine(isSpan, forwards);
export type ListReceipts = z.infer<typeof ListReceipts>;

export const Receipts = z.strictObject({
  receipts: z.array(Receipt),
  nextCursor: z.string().nullable(),
});
export type Receipts = z.infer<typeof Receipts>;

export const AskUsage = z
  .strictObject({
    ...span,
    by: splitBy(['day', 'token', 'model', 'route', 'provider', 'outcome'], ['day']),
    ...filters,
    ...format,
  })
  .refine(isSpan, forwards)
  .refine(isShort, short);
export type AskUsage = z.infer<typeof AskUsage>;

export const AskEarnings = z
  .strictObject({
    ...span,
    by: splitBy(['day', 'model', 'provider'], ['day']),
    ...served,
    ...format,
  })
  .refine(isSpan, forwards)
  .refine(isShort, short);
export type AskEarnings = z.infer<typeof AskEarnings>;

const Total = z.int().min(0);
const ServiceCredit = NanosText.describe(
  'Paid by the platform beside `net`, for what was delivered before the service itself failed.',
);

export const Counted = z.strictObject({
  prompt_token: Total,
  cached_prompt_token: Total,
  completion_token: Total,
  reasoning_token: Total,
  image: Total,
  audio_second: Total,
  video_second: Total,
});
export type Counted = z.infer<typeof Counted>;

export const UsageReport = z.strictObject({
  from: Day,
  to: Day,
  currency: z.literal('USD'),
  rows: z.array(
    z.strictObject({
      day: Day.optional(),
      token: z.strictObject({ id: Id, name: z.string() }).optional(),
      model: z.string().optional(),
      route: z.string().optional(),
      provider: z.string().optional(),
      outcome: EndOutcome.optional(),
      requests: Total,
      units: Counted,
      charge: NanosText,
      receipts: z.string().describe('The address of the receipts that this is the sum of.'),
    }),
  ),
  requests: Total,
  charge: NanosText,
});
export type UsageReport = z.infer<typeof UsageReport>;

export const EarningsReport = z.strictObject({
  from: Day,
  to: Day,
  currency: z.literal('USD'),
  rows: z.array(
    z.strictObject({
      day: Day.optional(),
      model: z.string().optional(),
      provider: z.string().optional(),
      requests: Total,
      units: Counted,
      gross: NanosText,
      fee: NanosText,
      net: NanosText,
      serviceCredit: ServiceCredit,
      sales: z.string().describe('The address of the sales that this is the sum of.'),
    }),
  ),
  requests: Total,
  gross: NanosText,
  fee: NanosText,
  net: NanosText,
  serviceCredit: ServiceCredit,
});
export type EarningsReport = z.infer<typeof EarningsReport>;

export const ListSales = z
  .strictObject({ ...page, from: Day.optional(), to: Day.optional(), ...served })
  .refine(isSpan, forwards);
export type ListSales = z.infer<typeof ListSales>;

/** A request that was paid for, by its buyer or by the platform, as its seller may see it: nothing of who asked. */
export const Sale = z.strictObject({
  id: RequestId,
  settledAt: z.iso.datetime(),
  provider: z.string(),
  model: z.string(),
  outcome: EndOutcome,
  units: Counted.describe('What the buyer has paid for.'),
  delivered: Counted.optional().describe(
    'Where the service itself has failed: all that had been delivered, which `serviceCredit` pays the rest of.',
  ),
  gross: NanosText,
  fee: NanosText,
  net: NanosText,
  serviceCredit: ServiceCredit,
});
export type Sale = z.infer<typeof Sale>;

export const Sales = z.strictObject({ sales: z.array(Sale), nextCursor: z.string().nullable() });
export type Sales = z.infer<typeof Sales>;

export const AskStatement = z.strictObject({
  month: z.string().regex(/^20\d\d-(0[1-9]|1[0-2])$/, 'a month such as 2026-11'),
});
export type AskStatement = z.infer<typeof AskStatement>;

const SignedNanosText = z.string().regex(/^(0|-?[1-9]\d{0,18})$/);

const StatementLine = z.strictObject({
  day: Day,
  kind: z.string().describe('`usage`, `sale`, `grant`, `top_up`, `refund`, `payout` …'),
  model: z.string().nullable(),
  requests: Total.nullable(),
  /** Positive where it adds to what one has. */
  amount: SignedNanosText,
  reference: z.string().nullable(),
  reason: z.string().nullable(),
  details: z.string().nullable().describe('The address of what this line is the sum of.'),
});

const StatementSection = z.strictObject({
  opening: SignedNanosText,
  lines: z.array(StatementLine),
  closing: SignedNanosText,
});

export const Statement = z.strictObject({
  username: z.string(),
  month: z.string(),
  currency: z.literal('USD'),
  wallet: StatementSection.describe('What was bought, with own and promotional money.'),
  earnings: StatementSection.describe('What was sold.'),
});
export type Statement = z.infer<typeof Statement>;

const read = { method: 'get', credential: 'usage' } as const;

export const usageRoutes: readonly RestRoute[] = [
  {
    ...read,
    path: '/api/account/receipts',
    operationId: 'listReceipts',
    summary: 'Own requests as a buyer, the latest first',
    description:
      'Requests that still run are listed by when they began, and only where nothing asks for how they ended.',
    query: ListReceipts,
    answer: { status: 200, schema: Receipts },
  },
  {
    ...read,
    path: '/api/account/usage',
    operationId: 'getUsage',
    summary:
      'What one has used and what it cost, by day, API token, model, route, provider, outcome',
    query: AskUsage,
    answer: { status: 200, schema: UsageReport, isCsvToo: true },
  },
  {
    ...read,
    path: '/api/account/earnings',
    operationId: 'getEarnings',
    summary: 'What one has sold: gross, fee and net, by day, model, provider',
    query: AskEarnings,
    answer: { status: 200, schema: EarningsReport, isCsvToo: true },
  },
  {
    ...read,
    path: '/api/account/sales',
    operationId: 'listSales',
    summary: 'Requests that one has sold, the latest first',
    query: ListSales,
    answer: { status: 200, schema: Sales },
  },
  {
    ...read,
    path: '/api/account/statement',
    operationId: 'getStatement',
    summary: "A month's statement: what there was, what came, what went, what is left",
    description:
      'Opening balance and lines add up to the closing balance, to the last unit; each line says where its parts are.',
    query: AskStatement,
    answer: { status: 200, schema: Statement },
  },
];

export const usageAnswers = { Receipts, UsageReport, EarningsReport, Sales, Statement };

import { z } from 'zod';
import { Id, Name, NanosText } from './field.js';
import type { RestRoute } from './rest-route.js';

/** The part of the REST API under `/api/account` that looks at the ledger from outside and puts it right (operators). */

export const AccountKind = z.enum([
  'cash_clearing',
  'buyer_wallet',
  'buyer_promo',
  'buyer_debt',
  'seller_payable',
  'payout_transit',
  'platform_fee',
  'promo_expense',
  'service_credit',
  'dispute_reserve',
  'bad_debt',
]);
export type AccountKind = z.infer<typeof AccountKind>;

export const RepairAccount = z.strictObject({
  kind: AccountKind,
  username: Name.default('global').describe(
    "Whose account; the installation's where it is left out.",
  ),
});
export type RepairAccount = z.infer<typeof RepairAccount>;

const Reason = z.string().min(1).max(500);
/** A violation's name, as the oracle or a look at a provider gives it. */
const Violation = z.string().regex(/^[a-z][a-z_]{0,63}$/, 'a name such as wallet_posted');

export const ProposeRepair = z.strictObject({
  /** The same id again is the same repair: nothing moves twice. */
  repairId: Id,
  debit: RepairAccount.describe('Where the money comes from: less is owed to this owner.'),
  credit: RepairAccount.describe('Where it goes.'),
  amount: NanosText.refine((text) => BigInt(text || 0) > 0n, 'more than nothing'),
  reason: Reason,
  violation: Violation.describe('What it makes good.'),
  subject: z.string().min(1).max(200).describe('What the violation is about.'),
});
export type ProposeRepair = z.infer<typeof ProposeRepair>;

export const RefuseRepair = z.strictObject({ reason: Reason });
export type RefuseRepair = z.infer<typeof RefuseRepair>;

export const RepairState = z.enum(['proposed', 'applied', 'refused', 'expired']);
export type RepairState = z.infer<typeof RepairState>;

const accountOut = z.strictObject({ kind: AccountKind, username: Name });

export const Repair = z.strictObject({
  id: Id,
  debit: accountOut,
  credit: accountOut,
  amount: NanosText,
  reason: z.string(),
  violation: z.string(),
  subject: z.string(),
  state: RepairState,
  /** Above what its operator may move alone in a day. */
  needsApproval: z.boolean(),
  proposedBy: Id,
  proposedAt: z.iso.datetime(),
  expiresAt: z.iso.datetime(),
  decidedBy: Id.nullable(),
  decidedAt: z.iso.datetime().nullable(),
  decisionReason: z.string().nullable(),
});
export type Repair = z.infer<typeof Repair>;

export const ListRepairs = z.strictObject({
  limit: z.coerce.number().int().min(1).max(200).default(50),
  before: Id.optional().describe('Only those older than this repair.'),
  state: RepairState.optional(),
});
export type ListRepairs = z.infer<typeof ListRepairs>;

export const Repairs = z.strictObject({ repairs: z.array(Repair) });

const Day = z.iso.date();
const Hash = z.string().regex(/^[0-9a-f]{64}$/);

export const ListAuditBlocks = z.strictObject({
  from: Day.optional().describe('Only from this day on.'),
  limit: z.coerce.number().int().min(1).max(1_000).default(400),
});
export type ListAuditBlocks = z.infer<typeof ListAuditBlocks>;

/** What was done and moved on a day that is over, as hashes: whoever keeps `hash` can prove that it was not changed. */
export const AuditBlock = z.strictObject({
  day: Day,
  firstAuditId: z.string().nullable(),
  lastAuditId: z.string().nullable(),
  auditEvents: z.int().min(0),
  transactions: z.int().min(0),
  transfers: z.int().min(0),
  contentHash: Hash,
  previousHash: Hash,
  hash: Hash,
});
export type AuditBlock = z.infer<typeof AuditBlock>;

export const AuditBlocks = z.strictObject({ blocks: z.array(AuditBlock) });

export const ReconciliationJob = z.enum(['minute', 'hour', 'day']);

export const ListReconciliations = z.strictObject({
  limit: z.coerce.number().int().min(1).max(200).default(20),
  before: z
    .string()
    .regex(/^\d{1,18}$/)
    .optional()
    .describe('Only runs before that of this number.'),
  job: ReconciliationJob.optional(),
});
export type ListReconciliations = z.infer<typeof ListReconciliations>;

export const Reconciliation = z.strictObject({
  id: z.string(),
  job: ReconciliationJob,
  from: z.iso.datetime(),
  to: z.iso.datetime(),
  /** Asked for by a person, of a window that had been looked at. */
  isRepeat: z.boolean(),
  beganAt: z.iso.datetime(),
  /** Null: it runs, or was cut off and its window was taken again. */
  endedAt: z.iso.datetime().nullable(),
  counts: z.record(z.string(), z.int()),
  violations: z.int().nullable(),
  findings: z.array(
    z.strictObject({ violation: z.string(), subject: z.string(), detail: z.string() }),
  ),
});
export type Reconciliation = z.infer<typeof Reconciliation>;

export const Reconciliations = z.strictObject({ reconciliations: z.array(Reconciliation) });

const byId = { pathParameters: { id: Id } };

export const repairRoutes: readonly RestRoute[] = [
  {
    method: 'post',
    path: '/api/account/repairs',
    operationId: 'proposeRepair',
    summary: 'Propose a compensating transaction (operators)',
    description:
      'Applied at once as long as all that the operator moves alone in 24 hours is small; else another operator approves it.',
    credential: 'manage',
    request: ProposeRepair,
    answer: { status: 201, schema: Repair },
  },
  {
    method: 'get',
    path: '/api/account/repairs',
    operationId: 'listRepairs',
    summary: 'Repairs, the newest first (operators)',
    credential: 'manage',
    query: ListRepairs,
    answer: { status: 200, schema: Repairs },
  },
  {
    method: 'get',
    path: '/api/account/repairs/{id}',
    operationId: 'getRepair',
    summary: 'One of them (operators)',
    credential: 'manage',
    ...byId,
    answer: { status: 200, schema: Repair },
  },
  {
    method: 'post',
    path: '/api/account/repairs/{id}/approve',
    operationId: 'approveRepair',
    summary: 'Apply what another operator has proposed (operators)',
    description:
      'Never by whoever proposed it, nor with an API token that the proposer has made, nor the other way round.',
    credential: 'manage',
    ...byId,
    answer: { status: 200, schema: Repair },
  },
  {
    method: 'post',
    path: '/api/account/repairs/{id}/refuse',
    operationId: 'refuseRepair',
    summary: 'Refuse a proposal, or take back one of one’s own (operators)',
    credential: 'manage',
    ...byId,
    request: RefuseRepair,
    answer: { status: 200, schema: Repair },
  },
  {
    method: 'get',
    path: '/api/account/reconciliations',
    operationId: 'listReconciliations',
    summary: 'What was reconciled and what was found, the newest first (operators)',
    credential: 'manage',
    query: ListReconciliations,
    answer: { status: 200, schema: Reconciliations },
  },
  {
    method: 'get',
    path: '/api/account/audit-blocks',
    operationId: 'listAuditBlocks',
    summary: 'The hashes of the days, in order, for others to keep (operators)',
    credential: 'manage',
    query: ListAuditBlocks,
    answer: { status: 200, schema: AuditBlocks },
  },
];

export const repairRequests = { ProposeRepair, RefuseRepair };
export const repairAnswers = { Repair, Repairs, AuditBlocks, Reconciliations };

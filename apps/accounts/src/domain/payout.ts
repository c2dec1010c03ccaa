import type { PayoutProviderKind, PayoutState } from '@aisbf/contracts';
import { type Nanos, toCents } from '@aisbf/money';

/** One payout, as the ledger's database has it; its states are told there. */
export type PayoutRecord = Readonly<{
  id: string;
  ownerId: string;
  username: string;
  amount: Nanos;
  provider: PayoutProviderKind;
  destination: string;
  state: PayoutState;
  reversed: Nanos;
  providerRef: string | null;
  reason: string | null;
  batchId: string | null;
  sends: number;
  looks: number;
  isDue: boolean;
  createdAt: Date;
  submittedAt: Date | null;
  resolvedAt: Date | null;
}>;

/** How an owner is paid out. Days are whole days UTC, counted from the end of the day of the sale. */
export type PayoutTerms = Readonly<{
  maturityDays: number;
  /** Until the first payout has gone through: time to find out who somebody is. */
  firstMaturityDays: number;
  minimum: Nanos;
  /** Of what is mature, kept back for what may be taken back of it. */
  reserveBps: number;
}>;

/** When a payout is looked after. */
export type PayoutTimes = Readonly<{
  /** How long the provider may take to answer. */
  answerMsMax: number;
  /** How long a payout may be asked for again under its id: the provider must still know that. */
  resendMsMax: number;
  /** How long one that is paid is watched for coming back. */
  watchMsMax: number;
}>;

const firstLookMs = 30_000;
const lookMsMax = 3_600_000;
const watchIntervalMs = 21_600_000;

/** The pause before a payout without an outcome is looked for again: it doubles up to an hour. */
export function lookAfterMs(looks: number): number {
  return Math.min(lookMsMax, firstLookMs * 2 ** Math.min(looks, 20));
}

/** The pause before a payout that is paid is looked at again; null when nothing more can come. */
export function watchAfterMs(
  { provider, resolvedAt }: Pick<PayoutRecord, 'provider' | 'resolvedAt'>,
  { watchMsMax }: Pick<PayoutTimes, 'watchMsMax'>,
  nowMs: number,
): number | null {
  // What a bank sent back, only a person can say.
  if (provider === 'csv') return null;
  return nowMs - (resolvedAt?.getTime() ?? nowMs) < watchMsMax ? watchIntervalMs : null;
}

/** Whether its provider may still be asked for it, so that nobody can know that it was not done. */
export function isUndecided(
  { provider, state, submittedAt }: Pick<PayoutRecord, 'provider' | 'state' | 'submittedAt'>,
  { resendMsMax, answerMsMax }: Pick<PayoutTimes, 'resendMsMax' | 'answerMsMax'>,
  nowMs: number,
): boolean {
  if (provider === 'csv' || state !== 'submitted' || submittedAt === null) return false;
  return nowMs < submittedAt.getTime() + resendMsMax + 2 * answerMsMax;
}

/** What a provider is asked to pay. The ledger sets whole cents aside; anything else is a bug. */
export function centsOf(amount: Nanos): number {
  const cents = toCents(amount);
  if (cents === undefined) throw new RangeError(`not whole cents: ${amount}`);
  return cents;
}

/** Dollars and cents, as banks read them: `12.30`. */
export function usdOf(amount: Nanos): string {
  const digits = String(centsOf(amount)).padStart(3, '0');
  return `${digits.slice(0, -2)}.${digits.slice(-2)}`;
}

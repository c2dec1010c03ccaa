import { z } from 'zod';
import { NanosText } from './field.js';

export const BudgetPeriod = z.enum(['day', 'week', 'month', 'lifetime']);
export type BudgetPeriod = z.infer<typeof BudgetPeriod>;

const kindOfBudget = {
  period: BudgetPeriod,
  /**
   * Calendar windows begin at midnight UTC, weeks on Monday, months on the first. Rolling ones are the last 24
   * hours, 7 days or 30 days, to the hour.
   */
  isRolling: z.boolean().default(false),
};

/** What an API token may spend in a time. */
export const BudgetLimit = z
  .strictObject({ ...kindOfBudget, amount: NanosText })
  .refine(({ period, isRolling }) => !(period === 'lifetime' && isRolling), {
    error: 'a lifetime does not roll',
    path: ['isRolling'],
  });
export type BudgetLimit = z.infer<typeof BudgetLimit>;

/** There are seven kinds: three periods of two kinds, and the lifetime. */
const kindsMax = 7;

/** All budgets of a token; each of them must have room for a request. */
export const BudgetLimits = z
  .array(BudgetLimit)
  .max(kindsMax)
  .refine(
    (limits) =>
      new Set(limits.map(({ period, isRolling }) => `${period} ${isRolling}`)).size ===
      limits.length,
    'two budgets of one kind',
  );

/** What stands of a budget. */
export const BudgetUse = z.strictObject({
  period: BudgetPeriod,
  isRolling: z.boolean(),
  amount: NanosText,
  /** By requests that ended in this window. */
  spent: NanosText,
  /** What running requests may still take. */
  held: NanosText,
  /** Nothing where a limit was lowered below what was spent. */
  remaining: NanosText,
  /** Null for a lifetime. */
  windowStartsAt: z.iso.datetime().nullable(),
  /** Null for a lifetime, and for a rolling window, which ends at every moment. */
  windowEndsAt: z.iso.datetime().nullable(),
  /** The later of the window's begin and the moment at which the budget was set: earlier requests do not count. */
  countedFrom: z.iso.datetime(),
});
export type BudgetUse = z.infer<typeof BudgetUse>;

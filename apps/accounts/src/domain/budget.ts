import type { BudgetLimit, BudgetPeriod } from '@aisbf/contracts';
import type { Nanos } from '@aisbf/money';
import { amountOf } from './amount.js';

/** What an API token may spend in a time. */
export type Budget = Readonly<{ period: BudgetPeriod; isRolling: boolean; amount: Nanos }>;

export function budgetsFrom(limits: readonly BudgetLimit[]): readonly Budget[] {
  return limits.map(({ amount, ...kind }) => ({ ...kind, amount: amountOf(amount) }));
}

/** As the record of acts tells it. */
export function budgetText({ period, isRolling, amount }: Budget): string {
  return `${amount} per ${isRolling ? 'rolling ' : ''}${period}`;
}

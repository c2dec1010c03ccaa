import { BudgetPeriod, type BudgetUse } from '@aisbf/contracts';
import type { Budget } from '../domain/budget.js';
import type { Client, Transaction } from './prisma-transaction.js';

type UseRow = Readonly<{
  api_token_id: string;
  period: string;
  is_rolling: boolean;
  amount: bigint;
  spent: bigint;
  held: bigint;
  remaining: bigint;
  window_starts_at: Date | null;
  window_ends_at: Date | null;
  counted_from: Date;
}>;

/** What belongs to an owner is written under its wallet's lock, which comes before all others. */
export async function lockWallet(tx: Transaction, ownerId: string): Promise<void> {
  await tx.$executeRaw`SELECT FROM wallet WHERE owner_id = ${ownerId}::uuid FOR UPDATE`;
}

/** Gives a token these budgets and no others. */
export async function putBudgets(
  tx: Transaction,
  apiTokenId: string,
  budgets: readonly Budget[],
): Promise<void> {
  const rows = JSON.stringify(budgets.map((each) => ({ ...each, amount: String(each.amount) })));
  await tx.$executeRaw`SELECT put_budgets(${apiTokenId}::uuid, ${rows}::jsonb)`;
}

/** What stands of the budgets of these tokens; those without any are left out. */
export async function budgetsOf(
  client: Pick<Client, '$queryRaw'>,
  apiTokenIds: readonly string[],
): Promise<ReadonlyMap<string, readonly BudgetUse[]>> {
  const rows = await client.$queryRaw<UseRow[]>`
    SELECT * FROM budget_use(${apiTokenIds}::uuid[])`;
  const byToken = Map.groupBy(rows, (row) => row.api_token_id);
  return new Map([...byToken].map(([id, own]) => [id, own.map(fromUseRow)]));
}

function fromUseRow(row: UseRow): BudgetUse {
  return {
    period: BudgetPeriod.parse(row.period),
    isRolling: row.is_rolling,
    amount: String(row.amount),
    spent: String(row.spent),
    held: String(row.held),
    remaining: String(row.remaining),
    windowStartsAt: row.window_starts_at?.toISOString() ?? null,
    windowEndsAt: row.window_ends_at?.toISOString() ?? null,
    countedFrom: row.counted_from.toISOString(),
  };
}

import { type AskEarnings, type AskUsage, Counted, type Receipt } from '@aisbf/contracts';
import { linkTo, type ReceiptFilter } from './receipt-query.js';

/** What is summed up of receipts, in the order in which it is shown. */
export const countedUnits = Counted.keyof().options;

/** The same of one receipt or row; what is not there is none. */
export function countedOf(
  units: { readonly [unit in keyof Counted]?: number | string | undefined },
): Counted {
  const counts = countedUnits.map((unit) => [unit, Number(units[unit] ?? 0)]);
  return Object.fromEntries(counts) as Counted;
}

/** What usage can be split by. */
export type UsageKind = AskUsage['by'][number];

/** A sum of receipts; of what it is split by it has what they share. */
export type UsageSum = Readonly<{
  day?: string;
  token?: { id: string; name: string };
  model?: string;
  route?: string;
  provider?: string;
  outcome?: NonNullable<Receipt['outcome']>;
  requests: number;
  units: Counted;
  charged: bigint;
  fee: bigint;
  serviceCredit: bigint;
}>;

/** The receipts that make up a row: those of the whole question that share what the row is split by. */
function filterOf(asked: ReceiptFilter, sum: UsageSum): ReceiptFilter {
  const { from, to, token, model, route, provider, outcome } = asked;
  return {
    from: sum.day ?? from,
    to: sum.day ?? to,
    token: sum.token?.id ?? token,
    model: sum.model ?? model,
    route: sum.route ?? route,
    provider: sum.provider ?? provider,
    outcome: sum.outcome ?? outcome,
  };
}

/** What a buyer sees of a sum. */
export function usageRow(asked: AskUsage, sum: UsageSum) {
  const { charged, fee: _fee, serviceCredit: _credit, ...rest } = sum;
  const receipts = linkTo('receipts', filterOf(asked, sum));
  return { ...rest, charge: charged.toString(), receipts };
}

/** What a seller sees of one. */
export function earningsRow(asked: AskEarnings, sum: UsageSum) {
  const {
    charged,
    fee,
    serviceCredit,
    token: _token,
    route: _route,
    outcome: _outcome,
    ...rest
  } = sum;
  const paid = shares(charged, fee, serviceCredit);
  return { ...rest, ...paid, sales: linkTo('sales', filterOf(asked, sum)) };
}

/** What was paid, how it was shared, and what the platform has added. */
export function shares(charged: bigint, fee: bigint, serviceCredit: bigint) {
  return {
    gross: charged.toString(),
    fee: fee.toString(),
    net: (charged - fee).toString(),
    serviceCredit: serviceCredit.toString(),
  };
}

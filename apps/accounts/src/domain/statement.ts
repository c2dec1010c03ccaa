import { linkTo } from './receipt-query.js';

/** Usage or sales of one model on one day. */
export type DayOfModel = Readonly<{
  day: string;
  model: string;
  requests: number;
  amount: bigint;
}>;

/** One movement of money that is no usage. */
export type Movement = Readonly<{
  day: string;
  kind: string;
  amount: bigint;
  reference: string | null;
  reason: string | null;
}>;

/** One side of a month, all read at the same moment. */
export type MonthOf = Readonly<{
  opening: bigint;
  closing: bigint;
  used: readonly DayOfModel[];
  moved: readonly Movement[];
}>;

type Line = Readonly<{
  day: string;
  kind: string;
  model: string | null;
  requests: number | null;
  amount: string;
  reference: string | null;
  reason: string | null;
  details: string | null;
}>;

/** A side of a statement, day by day. Throws where it does not add up: such a statement is not given to anybody. */
export function sectionOf(side: 'wallet' | 'earnings', month: MonthOf) {
  const total = [...month.used, ...month.moved].reduce(
    (sum, { amount }) => sum + amount,
    month.opening,
  );
  if (total !== month.closing) {
    throw new Error(`${side}: the lines lead to ${total}, the ledger has ${month.closing}`);
  }
  const lines = [
    ...month.used.map((used) => lineOfUsage(side, used)),
    ...month.moved.map((movement) => lineOfMovement(movement)),
  ].sort((left, right) => (left.day < right.day ? -1 : Number(left.day > right.day)));
  return { opening: month.opening.toString(), lines, closing: month.closing.toString() };
}

function lineOfUsage(side: 'wallet' | 'earnings', used: DayOfModel): Line {
  const { day, model, requests, amount } = used;
  const list = side === 'wallet' ? 'receipts' : 'sales';
  return {
    ...{ day, kind: side === 'wallet' ? 'usage' : 'sale', model, requests },
    ...{ amount: amount.toString(), reference: null, reason: null },
    details: linkTo(list, { from: day, to: day, model }),
  };
}

function lineOfMovement({ day, kind, amount, reference, reason }: Movement): Line {
  const payout = /^payout:([0-9a-f-]{36}):/.exec(reference ?? '')?.[1];
  return {
    ...{ day, kind, model: null, requests: null },
    ...{ amount: amount.toString(), reference, reason },
    details: payout === undefined ? null : `/api/account/payouts/${payout}`,
  };
}

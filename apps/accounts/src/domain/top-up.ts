import type { TopUp } from '@aisbf/contracts';
import type { Nanos } from '@aisbf/money';

/** One payment into a wallet, as it is kept. */
export type TopUpRecord = Readonly<{
  id: string;
  ownerId: string;
  provider: string;
  kind: TopUp['kind'];
  state: 'created' | 'failed' | 'paid';
  amount: Nanos;
  savesMethod: boolean;
  customerId: string | null;
  methodId: string | null;
  checkoutUrl: string | null;
  paymentId: string | null;
  paid: Nanos;
  refunded: Nanos;
  disputed: Nanos;
  failure: string | null;
  createdAt: Date;
  resolvedAt: Date | null;
}>;

/** The same in its owner's words. */
export function topUpOf(record: TopUpRecord): TopUp {
  const isRefunded = record.state === 'paid' && record.refunded >= record.paid;
  return {
    id: record.id,
    kind: record.kind,
    state: isRefunded ? 'refunded' : record.state,
    amount: record.amount.toString(),
    paid: record.paid.toString(),
    refunded: record.refunded.toString(),
    disputed: record.disputed.toString(),
    checkoutUrl: record.state === 'created' ? record.checkoutUrl : null,
    failure: record.failure,
    createdAt: record.createdAt.toISOString(),
    resolvedAt: record.resolvedAt?.toISOString() ?? null,
  };
}

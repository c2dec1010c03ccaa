import { randomUUID } from 'node:crypto';
import type { PayoutProviderKind } from '@aisbf/contracts';
import { nanos } from '@aisbf/money';
import { SystemClock } from '@aisbf/platform';
import { FakeStripeConnect } from '@aisbf/testkit';
import type { PayoutRecord } from '../src/domain/payout.js';
import { CsvPayouts } from '../src/outbound/csv-payouts.js';
import { PayoutRules, PgPayoutStore } from '../src/outbound/pg-payout-store.js';
import { openStripe } from '../src/outbound/stripe-client.js';
import { StripePayouts } from '../src/outbound/stripe-payouts.js';
import { PayoutEvents } from '../src/services/payout-events.js';
import { type PayoutProvider, PayoutProviders } from '../src/services/payout-provider.js';
import type { PayoutStore } from '../src/services/payout-store.js';
import { PayoutSchedule, Payouts } from '../src/services/payouts.js';
import { authoriseBy, type Owner, openLedger, settleOf } from './ledger-bench.js';

const dayMs = 86_400_000;
export const dollar = 1_000_000_000n;

export const payoutTerms = {
  maturityDays: 7,
  firstMaturityDays: 30,
  minimum: nanos(10n * dollar),
  reserveBps: 1_000,
};
/** Short enough that what hangs is found out within a test. */
const times = { answerMsMax: 150, resendMsMax: dayMs, watchMsMax: 45 * dayMs };

/** Keeps what a person would have to look at. */
export class NotedEvents extends PayoutEvents {
  readonly noted: string[] = [];

  prepared(): void {}
  booked(_payout: PayoutRecord, state: string): void {
    this.noted.push(state);
  }
  unknown(): void {
    this.noted.push('unknown');
  }
  stuck(): void {
    this.noted.push('stuck');
  }
  contradicted(): void {
    this.noted.push('contradicted');
  }
  failed(what: string): void {
    this.noted.push(`${what} failed`);
  }
}

/** A ledger with sellers, and a payment provider that may fail. */
export async function openPayouts(timesChange: Partial<typeof times> = {}) {
  const ledger = await openLedger();
  const stripe = await FakeStripeConnect.start();
  const store = new PgPayoutStore(
    ledger.pool,
    new PayoutRules(payoutTerms, { ...times, ...timesChange }),
  );
  const events = new NotedEvents();
  const providers = providersAt(stripe);
  const serviceOn = (through: PayoutStore) =>
    new Payouts(
      through,
      providers,
      events,
      new PayoutSchedule({ ...times, ...timesChange }),
      new SystemClock(),
    );

  return {
    ...ledger,
    stripe,
    payoutStore: store,
    events,
    serviceOn,
    payouts: serviceOn(store),
    /** Somebody who has sold for so much, net, so many whole days ago. */
    seller: async (net: bigint, daysAgo = 40, provider: 'stripe' | 'csv' = 'stripe') => {
      const seller = await ledger.owner();
      await sell(ledger, seller, net, daysAgo);
      await ledger.admin.query('INSERT INTO payout_account VALUES ($1, $2, $3, true)', [
        seller.ownerId,
        provider,
        `acct_${seller.ownerId.slice(0, 8)}`,
      ]);
      return seller;
    },
    sell: (seller: Owner, net: bigint, daysAgo: number) => sell(ledger, seller, net, daysAgo),
    ...looksInto(ledger),
    close: async () => {
      await stripe.stop();
      await ledger.close();
    },
  };
}

type Ledger = Awaited<ReturnType<typeof openLedger>>;

function providersAt({ url }: FakeStripeConnect): PayoutProviders {
  const client = openStripe({
    ...{ secretKey: 'sk_test_x', url },
    ...{ timeoutMs: times.answerMsMax, networkRetriesMax: 0 },
  });
  return new PayoutProviders(
    new Map<PayoutProviderKind, PayoutProvider>([
      ['stripe', new StripePayouts(client)],
      ['csv', new CsvPayouts()],
    ]),
  );
}

type PayoutLook = Readonly<{
  id: string;
  state: string;
  amount: string;
  reversed: string;
  sends: number;
}>;

function looksInto({ admin }: Ledger) {
  return {
    /** Lets all that waits be due. */
    hurry: () =>
      admin.query("UPDATE payout SET due_at = now() - interval '1 s' WHERE due_at IS NOT NULL"),
    payoutsOf: async ({ ownerId }: Owner): Promise<PayoutLook[]> => {
      const { rows } = await admin.query<PayoutLook>(
        'SELECT id, state, amount, reversed, sends FROM payout WHERE owner_id = $1 ORDER BY created_at',
        [ownerId],
      );
      return rows;
    },
    earned: async ({ ownerId }: Owner): Promise<bigint> => {
      const { rows } = await admin.query<{ balance: string }>(
        `SELECT balance FROM ledger_balance WHERE owner_id = $1 AND kind = 'seller_payable'`,
        [ownerId],
      );
      return BigInt(rows[0]?.balance ?? 0);
    },
  };
}

/** One sale without a fee, as if it had been that long ago: everything of it is moved into the past. */
async function sell(ledger: Ledger, seller: Owner, net: bigint, daysAgo: number): Promise<void> {
  const buyer = await ledger.richOwner(net);
  const hold = authoriseBy(buyer, seller, {
    amount: String(net),
    terms: [
      {
        ...{ providerId: randomUUID(), providerLabel: 'seller/gpu', sellerOwnerId: seller.ownerId },
        ...{ model: 'demo-small', prices: { request: String(net) }, feeBps: 0 },
      },
    ],
  });
  await ledger.store.authorise(hold, false);
  await ledger.settlement.settle(settleOf(hold));
  await moveBack(ledger, hold.requestId, daysAgo);
}

/** Moves a sale into the past. It is not among the sums of days yet. */
export async function moveBack(
  ledger: Pick<Ledger, 'admin'>,
  requestId: string,
  days: number,
): Promise<void> {
  const client = await ledger.admin.connect();
  const past = `interval '${days} days'`;
  const mine = `(SELECT transaction_id FROM receipt WHERE id = '${requestId}')`;
  try {
    await client.query('BEGIN');
    await client.query('SET LOCAL session_replication_role = replica');
    await client.query(
      `UPDATE transaction SET created_at = created_at - ${past} WHERE id = ${mine}`,
    );
    await client.query(
      `UPDATE receipt SET resolved_at = resolved_at - ${past} WHERE id = '${requestId}'`,
    );
    await client.query('COMMIT');
  } finally {
    client.release();
  }
}

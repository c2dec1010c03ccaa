import { randomUUID } from 'node:crypto';
import type { PayoutProviderKind } from '@aisbf/contracts';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { CsvPayouts } from '../src/outbound/csv-payouts.js';
import { openStripe } from '../src/outbound/stripe-client.js';
import { StripePayouts } from '../src/outbound/stripe-payouts.js';
import type { PayoutProvider } from '../src/services/payout-provider.js';
import { acting, cent, nanosOf, openPayments, operator, type Payments } from './payments-bench.js';
import { openPayouts } from './payout-bench.js';
import { openReplica, tamper } from './reconciliation-bench.js';

const today = () => ({
  from: new Date(Date.now() - 3_600_000),
  to: new Date(Date.now() + 3_600_000),
});

describe('what Stripe says of payments and refunds', () => {
  let payments: Payments;
  let replica: ReturnType<typeof openReplica>;

  beforeAll(async () => {
    payments = await openPayments();
    replica = openReplica(payments.database, { payments: payments.provider });
  });
  afterAll(async () => {
    await replica.close();
    await payments.close();
  });

  const found = async () => (await replica.books.compare(today())).findings;
  const paid = async (cents: number) => payments.topUp(await payments.owner(), cents);
  const refund = (topUpId: string, cents: number) =>
    payments.refunds.refundTopUp(acting(operator), topUpId, {
      ...{ refundId: randomUUID(), amount: String(nanosOf(cents)), reason: 'asked for' },
    });

  it('is what is booked, also where it comes in many pages', async () => {
    const { id } = await paid(1_000);
    await refund(id, 300);
    await payments.deliverAll();
    for (let n = 0; n < 120; n += 1) payments.stripe.book.createIntent(unrelated());
    for (let n = 0; n < 3; n += 1) await paid(500);
    const { counts, findings } = await replica.books.compare(today());
    expect(findings).toEqual([]);
    expect(counts).toEqual({ payment: 124, refund: 1, payout: 0 });
  });

  it('names a payment of which we never heard', async () => {
    const { session } = await payments.begin(await payments.owner(), 700);
    const paymentId = payments.stripe.book.pay(session);
    expect(await found()).toEqual([
      {
        violation: 'provider_payment',
        subject: paymentId,
        detail: `the provider has ${700n * cent}, nothing is booked`,
      },
    ]);
    await payments.deliverAll();
    expect(await found()).toEqual([]);
  });

  it('names a refund that was made past us, of a payment of ours only', async () => {
    const { paymentId } = await paid(900);
    const refundId = payments.stripe.book.refundOutside(paymentId, 100);
    payments.stripe.book.refundOutside(payments.stripe.book.createIntent(unrelated()).id, 100);
    expect(await found()).toMatchObject([{ violation: 'provider_refund', subject: refundId }]);
    await payments.deliverAll();
    expect(await found()).toEqual([]);
  });

  it('names an amount that is booked otherwise, and a payment that it does not have', async () => {
    const { id, paymentId } = await paid(800);
    const set = (change: string) =>
      tamper(payments.admin, `UPDATE top_up SET ${change} WHERE id = '${id}'`);
    await set('paid = paid + 10000000');
    expect(await found()).toMatchObject([{ violation: 'provider_payment', subject: paymentId }]);
    await set("paid = paid - 10000000, payment_id = 'pi_forged'");
    expect((await found()).map(({ subject }) => subject).sort()).toEqual(
      [paymentId, 'pi_forged'].sort(),
    );
    await set(`payment_id = '${paymentId}'`);
  });

  it('finds by name what the provider counts to another day', async () => {
    const { id } = await paid(600);
    await refund(id, 100);
    await payments.deliverAll();
    for (const one of [
      ...payments.stripe.book.intents.values(),
      ...payments.stripe.book.refunds.values(),
    ]) {
      one.created = Math.floor(Date.now() / 1000) - 20 * 86_400;
    }
    expect(await found()).toEqual([]);
  });

  it('is a fault where it does not answer, never a finding', async () => {
    payments.stripe.trouble(...Array.from({ length: 6 }, () => 'unavailable' as const));
    await expect(found()).rejects.toMatchObject({ code: 'PAYMENT_PROVIDER_UNAVAILABLE' });
    await expect(replica.reconciliations.run('day')).rejects.toMatchObject({
      code: 'PAYMENT_PROVIDER_UNAVAILABLE',
    });
    expect(await replica.reconciliations.run('day')).toBe(true);
  });
});

function unrelated() {
  return new Map([['amount', '500']]);
}

describe('what Stripe says of payouts', () => {
  let bench: Awaited<ReturnType<typeof openPayouts>>;
  let replica: ReturnType<typeof openReplica>;

  beforeAll(async () => {
    bench = await openPayouts();
    const stripe = openStripe({
      ...{ secretKey: 'sk_test_x', url: bench.stripe.url, timeoutMs: 5_000, networkRetriesMax: 0 },
    });
    replica = openReplica(bench.database, {
      payouts: new Map<PayoutProviderKind, PayoutProvider>([
        ['stripe', new StripePayouts(stripe)],
        ['csv', new CsvPayouts()],
      ]),
    });
  });
  afterAll(async () => {
    await replica.close();
    await bench.close();
  });

  const found = async () => (await replica.books.compare(today())).findings;
  async function paidOut() {
    const seller = await bench.seller(50_000_000_000n);
    await bench.payouts.prepareAll(false);
    const [payout] = await bench.payoutsOf(seller);
    if (!payout) throw new Error('nothing was paid out');
    await bench.payouts.advance(payout.id);
    return payout;
  }

  it('is what is booked, less what came back', async () => {
    const payout = await paidOut();
    expect(await replica.books.compare(today())).toMatchObject({
      counts: { payout: 1 },
      findings: [],
    });
    bench.stripe.reverse(payout.id, 100);
    const net = BigInt(payout.amount) - 100n * cent;
    expect(await found()).toEqual([
      {
        violation: 'provider_payout',
        subject: payout.id,
        detail: `the provider has ${net}, booked ${payout.amount}`,
      },
    ]);
    await bench.hurry();
    await bench.payouts.advance(payout.id);
    expect(await found()).toEqual([]);
  });

  it('names a payout that it never made, and one that nobody has booked', async () => {
    const payout = await paidOut();
    const made = bench.stripe.transfers.findIndex(
      ({ transfer_group }) => transfer_group === payout.id,
    );
    const [transfer] = bench.stripe.transfers.splice(made, 1);
    expect(await found()).toMatchObject([
      { subject: payout.id, detail: expect.stringContaining('has none') },
    ]);
    if (!transfer) throw new Error('there was no transfer');
    const stray = randomUUID();
    bench.stripe.transfers.push(transfer, {
      ...{ ...transfer, id: 'tr_stray', transfer_group: stray, metadata: { payout_id: stray } },
    });
    expect(await found()).toMatchObject([{ violation: 'provider_payout', subject: stray }]);
    bench.stripe.transfers.pop();
  });

  it('is a fault where it does not answer', async () => {
    bench.stripe.isBlind = true;
    await expect(found()).rejects.toMatchObject({ code: 'PAYOUT_PROVIDER_UNAVAILABLE' });
    bench.stripe.isBlind = false;
  });
});

it('is nothing where there is no provider', async () => {
  const payments = await openPayments();
  const replica = openReplica(payments.database);
  expect(await replica.books.compare(today())).toEqual({
    counts: { payment: 0, refund: 0, payout: 0 },
    findings: [],
  });
  await replica.close();
  await payments.close();
});

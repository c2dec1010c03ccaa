import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { authoriseBy, type Owner, settleOf } from './ledger-bench.js';
import { acting, nanosOf, openPayments, operator, type Payments } from './payments-bench.js';
import { plantIn } from './planted-function.js';

/** The oracle sees whatever is wrong with payments, by its name, and bugs planted into their functions. */
let payments: Payments;
let buyer: Owner;

beforeEach(async () => {
  payments = await openPayments();
  buyer = await payments.owner();
});
afterEach(() => payments.close());

const named = async () => new Set((await payments.violations()).map(({ violation }) => violation));

/** One of each: a payment, refunds, a dispute, promotional money, a request that was given back in part. */
async function everything(): Promise<void> {
  const { id, paymentId } = await payments.topUp(buyer, 1_000);
  await refund(id, 100);
  payments.stripe.book.dispute(paymentId, 800);
  await payments.deliverAll();
  await promote(500);
  const hold = authoriseBy(buyer, await payments.owner(), { amount: '300' });
  await payments.store.authorise(hold, false);
  await payments.settlement.settle(settleOf(hold));
  await refundRequest(hold.requestId, 200);
  const other = await payments.owner();
  const spent = await payments.topUp(other, 1_000);
  await payments.store.authorise(
    authoriseBy(other, other, { amount: String(nanosOf(1_000)) }),
    false,
  );
  payments.stripe.book.refundOutside(spent.paymentId, 1_000);
  await payments.deliverAll();
  expect(await payments.violations()).toEqual([]);
}

const refund = (topUpId: string, cents: number) =>
  payments.refunds.refundTopUp(acting(operator), topUpId, {
    ...{ refundId: randomUUID(), amount: String(nanosOf(cents)), reason: 'x' },
  });
const refundRequest = (requestId: string, amount: number) =>
  payments.refunds.refundRequest(acting(operator), requestId, {
    ...{ refundId: randomUUID(), amount: String(amount), reason: 'x' },
  });
async function promote(cents: number, expiresAt = new Date(Date.now() + 60_000)): Promise<string> {
  const grantId = randomUUID();
  await payments.promos.grant(
    {
      ...{ grantId, ownerId: buyer.ownerId, amount: nanosOf(cents), expiresAt, reason: 'x' },
    },
    [],
  );
  return grantId;
}

/** What the oracle says of tables that were changed behind the ledger's back. */
async function afterCorruption(corruption: string): Promise<ReadonlySet<string>> {
  const client = await payments.admin.connect();
  try {
    await client.query('BEGIN');
    await client.query('SET LOCAL session_replication_role = replica');
    await client.query(corruption);
    const { rows } = await client.query<{ violation: string }>(
      'SELECT violation FROM ledger_violations',
    );
    return new Set(rows.map(({ violation }) => violation));
  } finally {
    await client.query('ROLLBACK');
    client.release();
  }
}

const corruptions: readonly (readonly [violation: string, statement: string])[] = [
  ['top_up_booked', 'UPDATE top_up SET paid = paid + 1'],
  ['top_up_booked', "DELETE FROM transaction_subject WHERE kind = 'top_up'"],
  ['refund_booked', "UPDATE refund SET state = 'failed', reversal_id = 1"],
  ['refund_booked', 'DELETE FROM refund'],
  ['dispute_booked', "UPDATE dispute SET state = 'lost'"],
  ['dispute_booked', 'UPDATE dispute SET fee = 5'],
  ['promo_booked', 'UPDATE promo_grant SET expired = 1, remaining = remaining - 1'],
  ['request_refund_booked', 'UPDATE request_refund SET fee = fee + 1, seller = seller - 1'],
  ['request_refund_booked', 'UPDATE request_refund SET promo = promo - 1'],
  ['payment_unexplained', "DELETE FROM transaction_subject WHERE kind = 'dispute'"],
  ['refund_exceeds_paid', 'UPDATE refund SET amount = amount + 10000000000'],
  ['request_refund_exceeds_charge', 'UPDATE request_refund SET amount = 301, service = 101'],
  ['promo_unaccounted', 'UPDATE promo_grant SET remaining = remaining - 301 WHERE remaining > 301'],
  ['debt', 'DELETE FROM debtor'],
];

describe('ledger_violations', () => {
  it('names what does not fit to payments', async () => {
    await everything();
    for (const [violation, statement] of corruptions) {
      expect({ statement, named: [...(await afterCorruption(statement))] }).toEqual({
        statement,
        named: expect.arrayContaining([violation]),
      });
    }
  });

  it('has no kind of row about payments that no test names', async () => {
    const { rows } = await payments.admin.query<{ source: string }>(
      "SELECT pg_get_viewdef('payment_violations'::regclass) || pg_get_viewdef('payment_expected'::regclass) AS source",
    );
    const source = rows[0]?.source ?? '';
    const direct = source.match(/(?<=SELECT ')[a-z_]+(?='::text AS violation)/g) ?? [];
    const later = source.match(/(?<=SELECT ')[a-z_]+(?='::text,)/g) ?? [];
    const kinds = ['top_up', 'refund', 'dispute', 'promo', 'request_refund'];
    const seen = new Set([...direct, ...later, ...kinds.map((kind) => `${kind}_booked`)]);
    for (const kind of kinds) {
      seen.delete(kind);
      expect(source).toContain(`'${kind}'::text`);
    }
    expect([...seen].sort()).toEqual([...new Set(corruptions.map(([name]) => name))].sort());
  });
});

const plant = (...bug: [name: string, from: string, to: string]) => plantIn(payments.admin, ...bug);

describe('a bug planted into', () => {
  it('payment_succeeded, that books an event as often as it comes, is stopped and named', async () => {
    await plant('take_payment_event', "v_state <> 'waiting'", 'false');
    await plant('payment_succeeded', "v_top_up.state = 'paid'", 'false');
    const { session } = await payments.begin(buyer, 1_000);
    payments.stripe.book.pay(session);
    const events = payments.stripe.takeEvents();
    for (const event of events) await payments.deliver(event);
    const paid = events.find(({ type }) => type === 'payment_intent.succeeded');
    if (!paid) throw new Error('nothing was paid');
    // The payment's own id stands in the way.
    await expect(payments.deliver(paid)).rejects.toThrow(/was posted before/);
    await plant(
      'payment_succeeded',
      "'payment:' || p_event.provider || ':' || p_event.payment_id",
      'gen_random_uuid()::text',
    );
    await payments.deliver(paid);
    expect(await named()).toEqual(new Set(['top_up_booked']));
  });

  it('begin_refund, that forgets what has gone back already, is named', async () => {
    await plant('begin_refund', '- refunded_of(p_top_up)', '');
    const { id } = await payments.topUp(buyer, 1_000);
    await payments.topUp(buyer, 1_000);
    for (const _ of [1, 2]) await refund(id, 700);
    // The provider refused the second, which is therefore back; what it had accepted would be named.
    expect(await named()).toEqual(new Set());
    await plant('refund_changed', "IF v_new = 'failed' THEN", 'IF false THEN');
    await expect(refund(id, 700)).resolves.toMatchObject({ state: 'submitted' });
    expect(await named()).toEqual(new Set(['refund_exceeds_paid']));
  });

  it('dispute_changed, that takes old news for new, is named', async () => {
    await plant('dispute_rank', "WHEN 'lost' THEN 2 ELSE 3", 'ELSE 0');
    await plant('dispute_rank', "WHEN 'open' THEN 1", '');
    const { paymentId } = await payments.topUp(buyer, 1_000);
    const dispute = payments.stripe.book.dispute(paymentId, 1_000);
    payments.stripe.book.moveDispute(dispute, 'lost');
    const [opened, lost] = payments.stripe.takeEvents();
    if (!opened || !lost) throw new Error('no dispute');
    await payments.deliver(lost);
    await payments.deliver({ ...opened, id: 'evt_late', created: lost.created + 1 });
    expect(await named()).toContain('dispute_booked');
  });

  it('legs_from_owner, that owes without saying so, is named', async () => {
    await plant('legs_from_owner', 'IF v_free < p_amount THEN', 'IF false THEN');
    const { paymentId } = await payments.topUp(buyer, 1_000);
    await payments.store.authorise(authoriseBy(buyer, buyer, { amount: '5' }), false);
    payments.stripe.book.dispute(paymentId, 1_000);
    await payments.deliverAll();
    expect(await named()).toEqual(new Set(['debt']));
  });

  it('expire_promo, that takes twice, is named', async () => {
    await plant('expire_promo', 'expired = expired + v_amount', 'expired = expired');
    const grantId = await promote(500);
    await payments.admin.query('UPDATE promo_grant SET expires_at = now() WHERE id = $1', [
      grantId,
    ]);
    await payments.promos.expire(10);
    expect(await named()).toEqual(new Set(['promo_booked']));
  });

  it('refund_request, that gives back more than was charged, is named', async () => {
    await plant('refund_request', 'v_refund.amount > v_left OR', '');
    await promote(500);
    const hold = authoriseBy(buyer, await payments.owner(), { amount: '300' });
    await payments.store.authorise(hold, false);
    await payments.settlement.settle(settleOf(hold));
    for (const _ of [1, 2]) await refundRequest(hold.requestId, 200);
    expect(await named()).toContain('request_refund_exceeds_charge');
  });
});

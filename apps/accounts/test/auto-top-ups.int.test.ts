import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { authoriseBy, type Owner } from './ledger-bench.js';
import {
  acting,
  cent,
  nanosOf,
  openPayments,
  type Payments,
  principalOf,
} from './payments-bench.js';

let payments: Payments;
let buyer: Owner;

beforeEach(async () => {
  payments = await openPayments();
  buyer = await payments.owner();
});
afterEach(async () => {
  expect(await payments.violations()).toEqual([]);
  await payments.close();
});

const settings = {
  isEnabled: true,
  threshold: String(nanosOf(500)),
  amount: String(nanosOf(1_000)),
  monthlyMax: String(nanosOf(2_500)),
};
const put = (change: Partial<typeof settings> = {}) =>
  payments.autoTopUps.put(acting(principalOf(buyer)), { ...settings, ...change });
const get = () => payments.autoTopUps.get(principalOf(buyer));
const posted = async () => (await payments.wallet(buyer)).posted / cent;
const spend = (cents: number) =>
  payments.store.authorise(authoriseBy(buyer, buyer, { amount: String(nanosOf(cents)) }), false);
const chargesMade = () =>
  payments.stripe.calls.filter((call) => call === 'POST /v1/payment_intents').length;

describe('an automatic top-up', () => {
  it('charges the saved means of payment when less is available than was said', async () => {
    await payments.topUp(buyer, 600, true);
    await put();
    await payments.autoTopUps.run();
    expect(await posted()).toBe(600n);
    await spend(101);
    await payments.autoTopUps.run();
    expect(await posted()).toBe(1_600n);
    // The webhook tells it once more.
    await payments.deliverAll();
    await payments.autoTopUps.run();
    expect(await posted()).toBe(1_600n);
    expect(await get()).toMatchObject({ chargedThisMonth: String(nanosOf(1_000)) });
  });

  it('needs a saved means of payment', async () => {
    await payments.topUp(buyer, 600, false);
    await expect(put()).rejects.toMatchObject({ code: 'PAYMENT_METHOD_MISSING' });
    await expect(get()).rejects.toMatchObject({ code: 'AUTO_TOP_UP_MISSING' });
    expect(await put({ isEnabled: false })).toMatchObject({ disabledReason: 'switched_off' });
  });

  it('charges once, however many replicas look at the same moment', async () => {
    await payments.topUp(buyer, 100, true);
    await put();
    await Promise.all(Array.from({ length: 10 }, () => payments.autoTopUps.run()));
    expect(await posted()).toBe(1_100n);
    expect(
      payments.stripe.book.events.filter(({ type }) => type.endsWith('intent.succeeded')),
    ).toHaveLength(2);
  });

  it('stays within its month', async () => {
    await payments.topUp(buyer, 100, true);
    await put({ threshold: String(nanosOf(90_000)) });
    for (const _ of [1, 2, 3, 4]) await payments.autoTopUps.run();
    expect(await posted()).toBe(2_100n);
    await payments.admin.query(
      "UPDATE top_up SET created_at = created_at - interval '31 days' WHERE kind = 'auto'",
    );
    await payments.autoTopUps.run();
    expect(await posted()).toBe(3_100n);
    await expect(put({ monthlyMax: String(nanosOf(999)) })).rejects.toMatchObject({
      code: 'MONTHLY_MAX_TOO_LOW',
    });
  });

  it('is switched off with the reason after some cards in a row were declined', async () => {
    await payments.topUp(buyer, 100, true);
    await put();
    payments.stripe.book.declineCode = 'insufficient_funds';
    for (const _ of [1, 2, 3, 4]) await payments.autoTopUps.run();
    await payments.deliverAll();
    expect(chargesMade()).toBe(2);
    expect(await get()).toMatchObject({ isEnabled: false, disabledReason: 'insufficient_funds' });
    payments.stripe.book.declineCode = undefined;
    await payments.autoTopUps.run();
    expect(await posted()).toBe(100n);
    expect(await put()).toMatchObject({ isEnabled: true, failures: 0 });
    await payments.autoTopUps.run();
    expect(await posted()).toBe(1_100n);
  });

  it('of which the answer was lost is asked for again, and charged once', async () => {
    await payments.topUp(buyer, 100, true);
    await put();
    payments.stripe.trouble('cut-after', 'cut-after', 'cut-after');
    await expect(payments.autoTopUps.run()).rejects.toThrow('1 of 1 have no answer');
    expect(await posted()).toBe(100n);
    await payments.autoTopUps.run();
    expect(await posted()).toBe(1_100n);
    await payments.deliverAll();
    expect(await posted()).toBe(1_100n);
    expect(payments.stripe.book.intents.size).toBe(2);
  });

  it('ends where a payment is disputed', async () => {
    const { paymentId } = await payments.topUp(buyer, 600, true);
    await put();
    payments.stripe.book.dispute(paymentId, 600);
    await payments.deliverAll();
    await payments.autoTopUps.run();
    expect(await get()).toMatchObject({ isEnabled: false, disabledReason: 'disputed' });
    expect(chargesMade()).toBe(0);
  });
});

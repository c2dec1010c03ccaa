import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { authoriseBy, type Owner } from './ledger-bench.js';
import {
  acting,
  cent,
  nanosOf,
  openPayments,
  operator,
  type Payments,
  principalOf,
  unnoted,
} from './payments-bench.js';

let payments: Payments;
let buyer: Owner;

beforeAll(async () => {
  payments = await openPayments();
});
beforeEach(async () => {
  buyer = await payments.owner();
});
afterEach(async () => {
  expect(await payments.violations()).toEqual([]);
});
afterAll(() => payments.close());

const wallet = () => payments.wallet(buyer);
const refund = (topUpId: string, cents: number, refundId: string = randomUUID()) =>
  payments.refunds.refundTopUp(acting(operator), topUpId, {
    refundId,
    amount: String(nanosOf(cents)),
    reason: 'asked for',
  });
const hold = (cents: number) =>
  payments.store.authorise(authoriseBy(buyer, buyer, { amount: String(nanosOf(cents)) }), false);

describe('a top-up', () => {
  it('is in the wallet once it is paid, however often that is told', async () => {
    const { id, session } = await payments.begin(buyer, 1_000);
    expect(await wallet()).toMatchObject({ posted: 0n });
    payments.stripe.book.pay(session);
    const events = payments.stripe.takeEvents();
    const results = [];
    for (const event of [...events, ...events]) results.push(await payments.deliver(event));
    expect(results).toEqual(['ignored', 'done', 'ignored', 'replay', 'replay', 'replay']);
    expect(await wallet()).toMatchObject({ posted: 1_000n * cent });
    expect(await payments.topUps.get(principalOf(buyer), id)).toMatchObject({
      state: 'paid',
      checkoutUrl: null,
    });
  });

  it('is booked once where all copies come at the same moment', async () => {
    const { session } = await payments.begin(buyer, 1_000);
    payments.stripe.book.pay(session);
    const events = payments.stripe.takeEvents();
    await Promise.all([...events, ...events, ...events].map(payments.deliver));
    expect(await wallet()).toMatchObject({ posted: 1_000n * cent });
  });

  it('asked for twice under one id is one page; with another amount it is a conflict', async () => {
    const request = { topUpId: randomUUID(), amount: String(nanosOf(700)), savesMethod: false };
    const first = await payments.topUps.create(principalOf(buyer), request);
    expect(await payments.topUps.create(principalOf(buyer), request)).toEqual(first);
    const other = { ...request, amount: String(nanosOf(800)) };
    await expect(payments.topUps.create(principalOf(buyer), other)).rejects.toMatchObject({
      code: 'TOP_UP_PARAMETERS_DIFFER',
    });
  });

  it('is one page at the provider, though its answer was lost', async () => {
    payments.stripe.trouble('cut-after', 'cut-after', 'cut-after');
    const request = { topUpId: randomUUID(), amount: String(nanosOf(700)), savesMethod: false };
    const sessions = payments.stripe.book.sessions.size;
    const create = () => payments.topUps.create(principalOf(buyer), request);
    await expect(create()).rejects.toMatchObject({ code: 'PAYMENT_PROVIDER_UNAVAILABLE' });
    expect(await create()).toMatchObject({ checkoutUrl: expect.stringContaining('/pay/') });
    expect(payments.stripe.book.sessions.size).toBe(sessions + 1);
  });

  it.each([
    ['half a cent', String(nanosOf(700) + 5_000_000n), 'AMOUNT_NOT_CENTS'],
    ['too little', String(nanosOf(99)), 'TOP_UP_OUT_OF_RANGE'],
    ['too much', String(nanosOf(100_001)), 'TOP_UP_OUT_OF_RANGE'],
    ['more than can be stored', '9999999999999999999', 'AMOUNT_NOT_CENTS'],
  ])('of %s is refused', async (_what, amount, code) => {
    const request = { topUpId: randomUUID(), amount, savesMethod: false };
    await expect(payments.topUps.create(principalOf(buyer), request)).rejects.toMatchObject({
      code,
    });
  });

  it('that expired has failed, until the provider says that it was paid after all', async () => {
    const { id, session } = await payments.begin(buyer, 1_000);
    payments.stripe.book.expire(session);
    await payments.deliverAll();
    const state = async () => (await payments.topUps.get(principalOf(buyer), id)).state;
    expect(await state()).toBe('failed');
    Object.assign(payments.stripe.book.sessions.get(session) ?? {}, { status: 'open' });
    payments.stripe.book.pay(session);
    await payments.deliverAll();
    expect(await state()).toBe('paid');
    expect(await wallet()).toMatchObject({ posted: 1_000n * cent });
  });

  it('is kept for a person where it is in another currency, or of a top-up that nobody began', async () => {
    const { session } = await payments.begin(buyer, 1_000);
    payments.stripe.book.pay(session);
    const paid = payments.stripe
      .takeEvents()
      .find(({ type }) => type.endsWith('succeeded') && !type.startsWith('charge'));
    if (!paid) throw new Error('nothing was paid');
    const object = (paid.data as { object: Record<string, unknown> }).object;
    const change = (id: string, fields: object) =>
      payments.deliver({ ...paid, id, data: { object: { ...object, ...fields } } });
    expect(await change('evt_eur', { currency: 'eur' })).toBe('refused');
    const stranger = { metadata: { aisbf_top_up_id: randomUUID() } };
    expect(await change('evt_stranger', stranger)).toBe('refused');
    expect(await change('evt_shop', { metadata: {} })).toBe('ignored');
    expect(await wallet()).toMatchObject({ posted: 0n });
    expect(await payments.deliver(paid)).toBe('done');
    // The same top-up, paid once more by something else.
    expect(await change('evt_again', { id: 'pi_other' })).toBe('refused');
    expect(await wallet()).toMatchObject({ posted: 1_000n * cent });
  });
});

describe('a refund', () => {
  it('takes the money out of the wallet and sends it back, once', async () => {
    const { id, paymentId } = await payments.topUp(buyer, 1_000);
    const refundId = randomUUID();
    expect(await refund(id, 400, refundId)).toMatchObject({ state: 'succeeded' });
    expect(await refund(id, 400, refundId)).toMatchObject({ state: 'succeeded' });
    await payments.deliverAll();
    expect(payments.stripe.book.refundsOf(paymentId)).toHaveLength(1);
    expect(await wallet()).toMatchObject({ posted: 600n * cent });
    await expect(refund(id, 300, refundId)).rejects.toMatchObject({
      code: 'REFUND_PARAMETERS_DIFFER',
    });
    expect(await payments.topUps.get(principalOf(buyer), id)).toMatchObject({
      state: 'paid',
      refunded: String(400n * cent),
    });
    await refund(id, 600);
    expect(await payments.topUps.get(principalOf(buyer), id)).toMatchObject({ state: 'refunded' });
  });

  it('is never more than was paid and has not gone back', async () => {
    const { id } = await payments.topUp(buyer, 1_000);
    await payments.topUp(buyer, 1_000);
    await refund(id, 700);
    await expect(refund(id, 301)).rejects.toMatchObject({ code: 'REFUND_EXCEEDS_PAID' });
    expect(await refund(id, 300)).toMatchObject({ state: 'succeeded' });
  });

  it('leaves what running requests may need, and promotional money', async () => {
    const { id } = await payments.topUp(buyer, 1_000);
    await payments.promote(buyer, 500n * cent);
    await hold(800);
    await expect(refund(id, 701)).rejects.toMatchObject({ code: 'REFUND_EXCEEDS_FREE' });
    await refund(id, 700);
    expect(await wallet()).toMatchObject({ posted: 300n * cent, promo: 500n * cent });
  });

  it('of which the answer was lost is asked for again, and made once', async () => {
    const { id, paymentId } = await payments.topUp(buyer, 1_000);
    payments.stripe.trouble('cut-after', 'cut-after', 'cut-after');
    expect(await refund(id, 400)).toMatchObject({ state: 'submitted' });
    expect(await wallet()).toMatchObject({ posted: 600n * cent });
    await payments.refunds.run();
    expect(payments.stripe.book.refundsOf(paymentId)).toHaveLength(1);
    expect(await payments.topUps.get(principalOf(buyer), id)).toMatchObject({
      refunded: String(400n * cent),
    });
    await payments.deliverAll();
    expect(await wallet()).toMatchObject({ posted: 600n * cent });
  });

  it('that the provider was never asked for is asked for, too', async () => {
    const { id, paymentId } = await payments.topUp(buyer, 1_000);
    payments.stripe.trouble('cut-before', 'unavailable', 'unavailable');
    expect(await refund(id, 400)).toMatchObject({ state: 'submitted' });
    expect(payments.stripe.book.refundsOf(paymentId)).toHaveLength(0);
    await payments.refunds.run();
    expect(payments.stripe.book.refundsOf(paymentId)).toHaveLength(1);
  });

  it('that the provider refuses, or that fails late, is back in the wallet', async () => {
    const { id, paymentId } = await payments.topUp(buyer, 1_000);
    const late = await refund(id, 400);
    await payments.deliverAll();
    payments.stripe.book.failRefund(payments.stripe.book.refundsOf(paymentId)[0]?.id ?? '');
    await payments.deliverAll();
    expect(await wallet()).toMatchObject({ posted: 1_000n * cent });
    expect(await refund(id, 400, late.id)).toMatchObject({ state: 'failed' });
    // Past us, so that the provider has less left than we know of.
    payments.stripe.book.refundOutside(paymentId, 900);
    expect(await refund(id, 200)).toMatchObject({ state: 'failed' });
    await payments.deliverAll();
    expect(await wallet()).toMatchObject({ posted: 100n * cent });
  });

  it('is for operators, of payments that were made', async () => {
    const { id } = await payments.begin(buyer, 1_000);
    await expect(refund(id, 100)).rejects.toMatchObject({ code: 'TOP_UP_NOT_PAID' });
    await expect(refund(randomUUID(), 100)).rejects.toMatchObject({ code: 'TOP_UP_MISSING' });
    const request = { refundId: randomUUID(), amount: String(nanosOf(1)), reason: 'x' };
    await expect(
      payments.refunds.refundTopUp(acting(principalOf(buyer)), id, request),
    ).rejects.toMatchObject({ code: 'OPERATOR_ONLY' });
  });

  it('races others and requests without ever overdrawing the wallet', async () => {
    const { id } = await payments.topUp(buyer, 1_000);
    const refunds = Array.from({ length: 8 }, () => refund(id, 200).catch(() => undefined));
    const holds = Array.from({ length: 8 }, () => hold(150));
    await Promise.all([...refunds, ...holds]);
    const { posted, held } = await wallet();
    expect(posted >= held).toBe(true);
  });
});

describe('a dispute', () => {
  it('sets the money aside, and gives it back when it is won', async () => {
    const { paymentId } = await payments.topUp(buyer, 1_000);
    const dispute = payments.stripe.book.dispute(paymentId, 1_000);
    await payments.deliverAll();
    expect(await wallet()).toMatchObject({ posted: 0n, owed: 0n });
    payments.stripe.book.moveDispute(dispute, 'won');
    await payments.deliverAll();
    expect(await wallet()).toMatchObject({ posted: 1_000n * cent });
    const { disputes } = await payments.refunds.disputes(operator, 1);
    expect(disputes).toMatchObject([{ id: dispute, state: 'won', fee: String(1_500n * cent) }]);
  });

  it('makes a debtor of whom has spent the money; what comes in next pays the debt', async () => {
    const { paymentId } = await payments.topUp(buyer, 1_000);
    await hold(700);
    payments.stripe.book.dispute(paymentId, 1_000);
    await payments.deliverAll();
    expect(await wallet()).toEqual({
      posted: 700n * cent,
      promo: 0n,
      held: 700n * cent,
      owed: 700n * cent,
    });
    expect(await hold(1)).toMatchObject({ declined: 'held_by_other_requests' });
    await payments.topUp(buyer, 500);
    expect(await wallet()).toMatchObject({ posted: 700n * cent, owed: 200n * cent });
  });

  it('that is lost and then won by an appeal gives the money back', async () => {
    const { paymentId } = await payments.topUp(buyer, 1_000);
    const dispute = payments.stripe.book.dispute(paymentId, 1_000);
    for (const status of ['lost', 'appeal_under_review', 'won']) {
      payments.stripe.book.moveDispute(dispute, status);
    }
    await payments.deliverAll();
    expect(await wallet()).toMatchObject({ posted: 1_000n * cent });
  });

  it('that is only asked about moves nothing', async () => {
    const { id, paymentId } = await payments.topUp(buyer, 1_000);
    const dispute = payments.stripe.book.dispute(paymentId, 1_000, 'warning_needs_response');
    payments.stripe.book.moveDispute(dispute, 'warning_closed', 0);
    await payments.deliverAll();
    expect(await wallet()).toMatchObject({ posted: 1_000n * cent });
    expect(await refund(id, 1_000)).toMatchObject({ state: 'succeeded' });
  });

  it('is not refunded as well', async () => {
    const { id, paymentId } = await payments.topUp(buyer, 1_000);
    await payments.topUp(buyer, 1_000);
    payments.stripe.book.dispute(paymentId, 800);
    await payments.deliverAll();
    await expect(refund(id, 201)).rejects.toMatchObject({ code: 'REFUND_EXCEEDS_PAID' });
  });

  it('waits where its payment has not been heard of, and is retried', async () => {
    const { session } = await payments.begin(buyer, 1_000);
    const paymentId = payments.stripe.book.pay(session);
    const paid = payments.stripe.takeEvents();
    const dispute = payments.stripe.book.dispute(paymentId, 1_000);
    payments.stripe.book.moveDispute(dispute, 'lost');
    const [opened, closed] = payments.stripe.takeEvents();
    if (!opened || !closed) throw new Error('no dispute');
    expect(await payments.deliver(closed)).toBe('waiting');
    expect(await payments.deliver(closed)).toBe('waiting');
    expect(await payments.eventStore.left()).toMatchObject({ waiting: 1 });
    for (const event of paid) await payments.deliver(event);
    expect(await payments.eventStore.left()).toMatchObject({ waiting: 0 });
    expect(await payments.deliver(opened)).toBe('done');
    expect(await wallet()).toMatchObject({ posted: 0n, owed: 0n });
  });
});

describe('a debt', () => {
  it('is collected from whatever becomes free, and can be written off, once', async () => {
    const { paymentId } = await payments.topUp(buyer, 1_000);
    await hold(1_000);
    payments.stripe.book.dispute(paymentId, 1_000);
    await payments.deliverAll();
    await payments.store.grant(
      {
        ...{ grantId: randomUUID(), ownerId: buyer.ownerId },
        ...{ amount: nanosOf(400), reason: 'goodwill' },
      },
      [],
    );
    expect(await payments.debts.collect(10)).toBe(1);
    expect(await wallet()).toMatchObject({ posted: 1_000n * cent, owed: 600n * cent });
    const id = randomUUID();
    const writeOff = () => payments.debts.writeOff(id, buyer.ownerId, 'gone', unnoted);
    expect(await writeOff()).toEqual({ result: 'written_off', amount: 600n * cent });
    expect(await writeOff()).toEqual({ result: 'replay', amount: 600n * cent });
    expect(await wallet()).toMatchObject({ owed: 0n });
    expect(
      await payments.debts.writeOff(randomUUID(), buyer.ownerId, 'gone', unnoted),
    ).toMatchObject({
      result: 'nothing_owed',
    });
  });
});

import { randomUUID } from 'node:crypto';
import { nanos } from '@aisbf/money';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { authoriseBy, type Owner, settleOf } from './ledger-bench.js';
import { acting, nanosOf, openPayments, operator, type Payments } from './payments-bench.js';

let payments: Payments;
let buyer: Owner;
let seller: Owner;

beforeAll(async () => {
  payments = await openPayments();
  seller = await payments.owner();
});
beforeEach(async () => {
  buyer = await payments.owner();
});
afterEach(async () => {
  expect(await payments.violations()).toEqual([]);
});
afterAll(() => payments.close());

const grant = async (amount: number, days: number, owner = buyer) => {
  const grantId = randomUUID();
  const expiresAt = new Date(Date.now() + days * 86_400_000);
  const request = { grantId, ownerId: owner.ownerId, amount: nanos(BigInt(amount)), expiresAt };
  const result = await payments.promos.grant({ ...request, reason: 'x' }, []);
  return { grantId, expiresAt, result };
};
/** Lets a grant's time come. */
const age = (grantId: string) =>
  payments.admin.query(
    "UPDATE promo_grant SET expires_at = now() - $2 * interval '1 s' WHERE id = $1",
    [grantId, 1],
  );
const spend = async (tokens: number, owner = buyer) => {
  const hold = authoriseBy(owner, seller, { amount: String(tokens) });
  await payments.store.authorise(hold, false);
  await payments.settlement.settle(settleOf(hold, { units: { completion_token: tokens } }));
  return hold.requestId;
};
const wallet = () => payments.wallet(buyer);

type Step = Readonly<{ grant: number; day: number }> | Readonly<{ spend: number }> | 'expire';

/** Grants and what is left of each, the first to expire first. */
class PromoModel {
  private grants: { id: string; left: number; at: number }[] = [];

  get total(): number {
    return this.grants.reduce((sum, { left }) => sum + left, 0);
  }

  grant(id: string, left: number, at: number): void {
    this.grants = [...this.grants, { id, left, at }].sort((a, b) => a.at - b.at);
  }

  spend(amount: number): void {
    let rest = amount;
    for (const one of this.grants) {
      const taken = Math.min(one.left, rest);
      one.left -= taken;
      rest -= taken;
    }
  }

  /** Which one it was. */
  expire(): string | undefined {
    return this.grants.shift()?.id;
  }
}

/** Does the same to a wallet and to its model. */
async function take(step: Step, owner: Owner, model: PromoModel): Promise<void> {
  if (step === 'expire') {
    const id = model.expire();
    if (id !== undefined) await age(id);
    await payments.promos.expire(10);
    return;
  }
  if ('grant' in step) {
    const { grantId, expiresAt } = await grant(step.grant, step.day, owner);
    model.grant(grantId, step.grant, expiresAt.getTime());
    return;
  }
  const amount = Math.min(step.spend, model.total);
  if (amount > 0) await spend(amount, owner);
  model.spend(amount);
}

describe('promotional money', () => {
  it('is granted once, under an id that no other grant may have', async () => {
    const { grantId, expiresAt } = await grant(500, 10);
    const again = (amount: bigint) =>
      payments.promos.grant(
        {
          ...{ grantId, ownerId: buyer.ownerId, expiresAt, reason: 'x' },
          amount: nanos(amount),
        },
        [],
      );
    expect(await again(500n)).toBe('replay');
    expect(await again(501n)).toBe('parameters_differ');
    const real = { grantId, ownerId: buyer.ownerId, amount: nanosOf(1), reason: 'x' };
    expect(await payments.store.grant(real, [])).toBe('parameters_differ');
    expect(await wallet()).toMatchObject({ promo: 500n, posted: 0n });
  });

  it('expires with what is left of it, spent by earliest expiry', async () => {
    const [late, early] = [await grant(500, 20), await grant(300, 10)];
    await spend(200);
    await age(early.grantId);
    expect(await payments.promos.expire(10)).toBe(1);
    expect(await wallet()).toMatchObject({ promo: 500n });
    expect(await payments.promos.list(buyer.ownerId)).toMatchObject([
      { id: late.grantId, remaining: '500' },
    ]);
    expect(await payments.promos.expire(10)).toBe(0);
  });

  it('that was spent before another grant came is not taken for that one', async () => {
    await grant(500, 20);
    await spend(500);
    const early = await grant(300, 10);
    await age(early.grantId);
    await payments.promos.expire(10);
    expect(await wallet()).toMatchObject({ promo: 0n });
  });

  it('that running requests hold expires when they have ended', async () => {
    const { grantId } = await grant(500, 10);
    const hold = authoriseBy(buyer, seller, { amount: '400' });
    await payments.store.authorise(hold, false);
    await age(grantId);
    expect(await payments.promos.expire(10)).toBe(1);
    expect(await wallet()).toMatchObject({ promo: 400n, held: 400n });
    await payments.settlement.settle(settleOf(hold, { units: { completion_token: 150 } }));
    expect(await payments.promos.expire(10)).toBe(1);
    expect(await wallet()).toMatchObject({ promo: 0n });
  });

  it('expires as a pure model says, whatever is granted, spent and expired in which order', async () => {
    const step: fc.Arbitrary<Step> = fc.oneof(
      fc.record({ grant: fc.integer({ min: 1, max: 100 }), day: fc.integer({ min: 1, max: 40 }) }),
      fc.record({ spend: fc.integer({ min: 1, max: 120 }) }),
      fc.constant<Step>('expire'),
    );
    const run = fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
      const owner = await payments.owner();
      const model = new PromoModel();
      for (const each of steps) {
        await take(each, owner, model);
        expect(Number((await payments.wallet(owner)).promo)).toBe(model.total);
      }
      expect(await payments.violations()).toEqual([]);
    });
    await fc.assert(run, { numRuns: 25 });
  }, 120_000);

  it('expires once, however many replicas look at the same moment', async () => {
    const { grantId } = await grant(500, 10);
    await age(grantId);
    const counts = await Promise.all(Array.from({ length: 8 }, () => payments.promos.expire(10)));
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(1);
    expect(await wallet()).toMatchObject({ promo: 0n });
  });
});

describe('the refund of a request', () => {
  const refund = (requestId: string, amount?: number, refundId: string = randomUUID()) =>
    payments.refunds.refundRequest(acting(operator), requestId, {
      ...{ refundId, reason: 'bad answer' },
      ...(amount !== undefined && { amount: String(amount) }),
    });
  const balances = async () => {
    const { rows } = await payments.admin.query<{ kind: string; balance: string }>(
      `SELECT kind, balance FROM ledger_balance
       WHERE (kind = 'seller_payable' AND owner_id = $1) OR kind IN ('platform_fee', 'service_credit')`,
      [seller.ownerId],
    );
    return Object.fromEntries(rows.map(({ kind, balance }) => [kind, Number(balance)]));
  };

  it('takes from each what it got, so that many parts add up to the whole', async () => {
    await payments.store.grant(
      {
        grantId: randomUUID(),
        ownerId: buyer.ownerId,
        amount: nanosOf(1),
        reason: 'x',
      },
      [],
    );
    const before = await balances();
    const requestId = await spend(777);
    for (const part of [1, 30, 333]) await refund(requestId, part);
    expect(await refund(requestId)).toMatchObject({ amount: '413', promo: '0' });
    expect(await balances()).toEqual(before);
    expect((await wallet()).posted).toBe(nanosOf(1));
    await expect(refund(requestId)).rejects.toMatchObject({ code: 'REFUND_EXCEEDS_CHARGE' });
    const receipt = await payments.reader.receipt(buyer.ownerId, requestId);
    expect(receipt).toMatchObject({ captured: 777n, refunded: 777n });
  });

  it('happens once under one id, and never gives more than was charged', async () => {
    await grant(1_000, 10);
    const requestId = await spend(500);
    const refundId = randomUUID();
    await Promise.all(Array.from({ length: 6 }, () => refund(requestId, 300, refundId)));
    const others = Array.from({ length: 6 }, () => refund(requestId, 200).catch(() => undefined));
    expect((await Promise.all(others)).filter(Boolean)).toHaveLength(1);
    expect(await wallet()).toMatchObject({ posted: 0n, promo: 1_000n });
    await expect(refund(requestId, 299, refundId)).rejects.toMatchObject({
      code: 'REFUND_PARAMETERS_DIFFER',
    });
  });

  it('never makes money of promotional money', async () => {
    await grant(300, 10);
    await payments.store.grant(
      {
        grantId: randomUUID(),
        ownerId: buyer.ownerId,
        amount: nanosOf(1),
        reason: 'x',
      },
      [],
    );
    const requestId = await spend(500);
    expect(await refund(requestId, 200)).toMatchObject({ promo: '200' });
    expect(await refund(requestId, 300)).toMatchObject({ promo: '100' });
    expect(await wallet()).toMatchObject({ posted: nanosOf(1), promo: 300n });
  });

  it('is ours to bear where the seller has been paid already', async () => {
    await grant(20_000_000, 10);
    const requestId = await spend(20_000_000);
    await payments.admin.query("INSERT INTO payout_account VALUES ($1, 'csv', 'V-1', true)", [
      seller.ownerId,
    ]);
    // Earnings of today mature at once when they mature a day before they are made.
    const { rows } = await payments.admin.query<{ paid: string }>(
      'SELECT payout_amount AS paid FROM prepare_payout(gen_random_uuid(), $1, -1, -1, 0, 1)',
      [seller.ownerId],
    );
    expect(rows).toEqual([{ paid: '10000000' }]);
    const { seller_payable: left = 0, service_credit: service = 0 } = await balances();
    await refund(requestId);
    expect(await balances()).toMatchObject({
      seller_payable: 0,
      service_credit: service - (19_000_000 - left),
    });
  });

  it('is for requests that cost something', async () => {
    await expect(refund(`req_${'0'.repeat(32)}`)).rejects.toMatchObject({
      code: 'RECEIPT_MISSING',
    });
    const hold = authoriseBy(buyer, seller, { amount: '400' });
    await payments.store.authorise(hold, false);
    await expect(refund(hold.requestId)).rejects.toMatchObject({ code: 'REFUND_EXCEEDS_CHARGE' });
  });
});

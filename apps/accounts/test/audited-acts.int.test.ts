import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Pool } from 'pg';
import type { Note } from '../src/domain/audit.js';
import { auditedResultOf } from '../src/outbound/audited.js';
import { Debts } from '../src/services/debts.js';
import type { Directory } from '../src/services/directory.js';
import { authoriseBy, type Owner, settleOf } from './ledger-bench.js';
import {
  acting,
  cent,
  nanosOf,
  openPayments,
  operator,
  type Payments,
  principalOf,
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

type Line = Readonly<{
  action: string;
  owner_id: string;
  actor_user: string;
  actor_token: string;
  detail: Readonly<Record<string, unknown>>;
}>;
const lines = async (subject: string) =>
  (
    await payments.admin.query<Line>('SELECT * FROM audit_event WHERE subject = $1 ORDER BY id', [
      subject,
    ])
  ).rows;

/** One line for it, by the operator, as the owner's matter; asking again writes none. */
async function isWrittenOnce(subject: string, act: () => Promise<unknown>, action: string) {
  await Promise.all([act(), act()]);
  await act();
  const [line, ...others] = await lines(subject);
  expect(others).toEqual([]);
  expect(line).toMatchObject({
    ...{ action, owner_id: buyer.ownerId },
    ...{ actor_user: operator.userId, actor_token: operator.apiTokenId },
  });
  return line;
}

describe('an act of an operator', () => {
  it('that sends money back to a card is written down once', async () => {
    const { id: topUpId } = await payments.topUp(buyer, 1_000);
    const refundId = randomUUID();
    const request = { refundId, amount: String(nanosOf(300)), reason: 'asked for' };
    const refund = () => payments.refunds.refundTopUp(acting(operator), topUpId, request);
    const line = await isWrittenOnce(refundId, refund, 'top-up.refund');
    expect(line?.detail).toEqual({ topUp: topUpId, amount: request.amount, reason: 'asked for' });
  });

  it('that gives back what a request cost is written down once', async () => {
    await payments.topUp(buyer, 1_000);
    const hold = authoriseBy(buyer, await payments.owner());
    await payments.store.authorise(hold, false);
    await payments.settlement.settle(settleOf(hold));
    const refundId = randomUUID();
    const request = { refundId, amount: '100', reason: 'bad answer' };
    const refund = () => payments.refunds.refundRequest(acting(operator), hold.requestId, request);
    await isWrittenOnce(refundId, refund, 'request.refund');
  });

  it('that gives up a debt is written down once, with how much it was', async () => {
    const { paymentId } = await payments.topUp(buyer, 1_000);
    await payments.store.authorise(
      authoriseBy(buyer, buyer, { amount: String(1_000n * cent) }),
      false,
    );
    payments.stripe.book.dispute(paymentId, 1_000);
    await payments.deliverAll();
    const directory = { requireOwner: async () => ({ ...buyer, username: 'x' }) };
    const debts = new Debts(payments.debts, directory as unknown as Directory);
    const request = { writeOffId: randomUUID(), username: 'x', reason: 'gone' };
    const writeOff = () => debts.writeOff(acting(operator), request);
    const line = await isWrittenOnce(request.writeOffId, writeOff, 'debt.write-off');
    expect(line?.detail).toEqual({ reason: 'gone', amount: String(1_000n * cent) });
  });

  it('that is refused is not written down', async () => {
    const { id } = await payments.topUp(buyer, 1_000);
    const refundId = randomUUID();
    const request = { refundId, amount: String(nanosOf(1_001)), reason: 'too much' };
    await expect(payments.refunds.refundTopUp(acting(operator), id, request)).rejects.toMatchObject(
      {
        code: 'REFUND_EXCEEDS_PAID',
      },
    );
    expect(await lines(refundId)).toEqual([]);
  });
});

it('an owner’s automatic top-up is written down each time it is changed', async () => {
  const principal = { ...principalOf(buyer), username: `u-${buyer.ownerId.slice(0, 8)}` };
  const off = {
    isEnabled: false,
    threshold: '1',
    amount: String(nanosOf(500)),
    monthlyMax: String(nanosOf(500)),
  };
  await payments.autoTopUps.put(acting(principal), off);
  await expect(
    payments.autoTopUps.put(acting(principal), { ...off, isEnabled: true }),
  ).rejects.toMatchObject({ code: 'PAYMENT_METHOD_MISSING' });
  expect(await lines(principal.username)).toMatchObject([
    { action: 'auto-top-up.put', owner_id: buyer.ownerId, detail: off },
  ]);
});

describe('an act and its line', () => {
  const note = (subject: string, when: readonly string[] = ['granted']): Note => ({
    when,
    deed: {
      ...{ action: 'credit.grant', subject, detail: {} },
      ...{ actorUser: null, actorToken: null, address: null },
    },
  });
  const grant = (pool: Pool, id: string, notes: readonly Note[]) =>
    auditedResultOf(
      pool,
      `SELECT grant_credit($1, $2, 5, 'x') AS result, $2::uuid AS owner_id, NULL::jsonb AS fact`,
      [id, buyer.ownerId],
      notes,
    );

  it('are there both or neither', async () => {
    const id = randomUUID();
    await payments.admin.query(
      `ALTER TABLE audit_event ADD CONSTRAINT refuses CHECK (subject <> 'refused') NOT VALID`,
    );
    await expect(grant(payments.pool, id, [note('refused')])).rejects.toThrow(/refuses/);
    expect((await payments.wallet(buyer)).posted).toBe(0n);
    await payments.admin.query('ALTER TABLE audit_event DROP CONSTRAINT refuses');
    expect(await grant(payments.pool, id, [note(id)])).toBe('granted');
    expect((await payments.wallet(buyer)).posted).toBe(5n);
    expect(await lines(id)).toHaveLength(1);
  });

  it('are the installation’s own matter where they are nobody’s', async () => {
    const subject = randomUUID();
    await auditedResultOf(
      payments.pool,
      `SELECT 'done' AS result, NULL::uuid AS owner_id, '{"n": "1"}'::jsonb AS fact`,
      [],
      [note(subject, ['done']), note('other', ['undone'])],
    );
    const { rows } = await payments.admin.query("SELECT id FROM owner WHERE kind = 'global'");
    expect(await lines(subject)).toMatchObject([{ owner_id: rows[0].id, detail: { n: '1' } }]);
    expect(await lines('other')).toEqual([]);
  });
});

import type { StripeEvent } from '@aisbf/testkit';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { cent, openPayments, type Payments } from './payments-bench.js';

let payments: Payments;

beforeAll(async () => {
  payments = await openPayments();
});
afterAll(() => payments.close());

/** What happens at the provider to one payment, in this order. */
type Life = Readonly<{
  cents: number;
  refunds: readonly Readonly<{ cents: number; fails: boolean }>[];
  dispute: Readonly<{ cents: number; statuses: readonly string[] }> | null;
}>;

const life: fc.Arbitrary<Life> = fc.integer({ min: 100, max: 5_000 }).chain((cents) =>
  fc.record({
    cents: fc.constant(cents),
    refunds: fc.array(
      fc.record({ cents: fc.integer({ min: 1, max: Math.floor(cents / 3) }), fails: fc.boolean() }),
      { maxLength: 3 },
    ),
    dispute: fc.option(
      fc.record({
        cents: fc.integer({ min: 1, max: cents }),
        statuses: fc.constantFrom<readonly string[]>(
          ['needs_response'],
          ['needs_response', 'lost'],
          ['needs_response', 'under_review', 'won'],
          ['needs_response', 'lost', 'appeal_under_review', 'won'],
          ['warning_needs_response'],
          ['warning_needs_response', 'warning_closed'],
          ['warning_needs_response', 'needs_response', 'lost'],
        ),
      }),
    ),
  }),
);

/** The same, as money: what the owner has in the end, and what the reserve and the fees are. */
function model(lives: readonly Life[]) {
  const totals = { net: 0, reserved: 0, fees: 0 };
  for (const { cents, refunds, dispute } of lives) {
    const refunded = refunds
      .filter(({ fails }) => !fails)
      .reduce((sum, each) => sum + each.cents, 0);
    const last = dispute?.statuses.at(-1) ?? '';
    const isOpen = last === 'needs_response';
    const isLost = last === 'lost';
    totals.net += cents - refunded - (dispute && (isOpen || isLost) ? dispute.cents : 0);
    totals.reserved += dispute && isOpen ? dispute.cents : 0;
    totals.fees += ['lost', 'won'].includes(last) ? 1_500 : 0;
  }
  const posted = Math.max(0, totals.net);
  return { posted, owed: posted - totals.net, reserved: totals.reserved, fees: totals.fees };
}

/** Lets it happen; gives the events that tell of it. */
function live(sessions: readonly string[], lives: readonly Life[]): readonly StripeEvent[] {
  const { book } = payments.stripe;
  lives.forEach(({ refunds, dispute }, index) => {
    const paymentId = book.pay(sessions[index] ?? '');
    for (const { cents, fails } of refunds) {
      const id = book.refundOutside(paymentId, cents);
      if (fails) book.failRefund(id);
    }
    if (!dispute) return;
    const [first = '', ...rest] = dispute.statuses;
    const id = book.dispute(paymentId, dispute.cents, first);
    for (const status of rest)
      book.moveDispute(id, status, status.startsWith('warning') ? 0 : 1_500);
  });
  return payments.stripe.takeEvents();
}

async function sums() {
  const { rows } = await payments.admin.query<{ kind: string; balance: string }>(
    "SELECT kind, balance::text FROM ledger_balance WHERE kind IN ('dispute_reserve', 'bad_debt')",
  );
  const cents = (kind: string) =>
    Number(BigInt(rows.find((row) => row.kind === kind)?.balance ?? 0) / cent);
  return { reserved: cents('dispute_reserve'), fees: -cents('bad_debt') };
}

describe('payments', () => {
  it('come out the same, however often and in which order they are told', async () => {
    const run = fc.asyncProperty(
      fc.array(life, { minLength: 1, maxLength: 3 }),
      fc.infiniteStream(fc.nat()),
      async (lives, dice) => {
        const owner = await payments.owner();
        const before = await sums();
        const begun = [];
        for (const { cents } of lives) begun.push(await payments.begin(owner, cents));
        const events = live(
          begun.map(({ session }) => session),
          lives,
        );
        const copies = events.flatMap((event) =>
          Array.from({ length: 1 + (dice.next().value % 3) }, () => event),
        );
        const order = copies
          .map((event) => ({ event, place: dice.next().value }))
          .sort((a, b) => a.place - b.place)
          .map(({ event }) => event);
        // Some of them at the same moment.
        for (let place = 0; place < order.length; ) {
          const together = 1 + (dice.next().value % 3);
          await Promise.all(order.slice(place, place + together).map(payments.deliver));
          place += together;
        }
        await payments.events.retry();
        const wallet = await payments.wallet(owner);
        const after = await sums();
        expect({
          posted: Number(wallet.posted / cent),
          owed: Number(wallet.owed / cent),
          reserved: after.reserved - before.reserved,
          fees: after.fees - before.fees,
        }).toEqual(model(lives));
        expect(await payments.eventStore.left()).toEqual({ waiting: 0, refused: 0 });
        expect(await payments.violations()).toEqual([]);
      },
    );
    await fc.assert(run, { numRuns: 40 });
  }, 120_000);
});

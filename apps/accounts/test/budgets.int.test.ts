import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  authoriseBy,
  type BudgetLimit,
  leaseFor,
  type Owner,
  openLedger,
  settleOf,
  shuffled,
  ticketOf,
} from './ledger-bench.js';

let ledger: Awaited<ReturnType<typeof openLedger>>;
let buyer: Owner;
let seller: Owner;

beforeAll(async () => {
  ledger = await openLedger({ connections: 32 });
  seller = await ledger.owner();
});
beforeEach(async () => {
  buyer = await ledger.richOwner(1_000_000n);
});
afterEach(async () => {
  expect(await ledger.violations()).toEqual([]);
});
afterAll(() => ledger.close());

const authorise = (amount = 1000) =>
  ledger.store.authorise(authoriseBy(buyer, seller, { amount: String(amount) }), false);
const refused = { declined: 'budget_exceeded' };
const held = { isReplay: false };

/** Buys for exactly so much. */
async function spend(amount: number): Promise<void> {
  const hold = authoriseBy(buyer, seller, { amount: String(amount) });
  expect(await ledger.store.authorise(hold, false)).toMatchObject(held);
  const settled = await ledger.settlement.settle(
    settleOf(hold, { units: { completion_token: amount } }),
  );
  expect(settled.charged).toBe(String(amount));
}

/** As if what was spent under a budget so far had been so long ago. */
const age = (budgetId: string, interval: string) =>
  ledger.admin.query(
    'UPDATE budget_slice SET starts_at = starts_at - $2::interval WHERE budget_id = $1',
    [budgetId, interval],
  );

const kinds: readonly (readonly [string, Omit<BudgetLimit, 'amount'>])[] = [
  ['a day', { period: 'day' }],
  ['a week', { period: 'week' }],
  ['a month', { period: 'month' }],
  ['the last day', { period: 'day', isRolling: true }],
  ['the last week', { period: 'week', isRolling: true }],
  ['the last month', { period: 'month', isRolling: true }],
  ['a lifetime', { period: 'lifetime' }],
];

describe.each(kinds)('a budget for %s', (_name, kind) => {
  it('counts what is held and what was spent, to the nano-dollar', async () => {
    await ledger.setBudget(buyer, { ...kind, amount: 1000n });
    await spend(400);
    expect(await authorise(601)).toEqual(refused);
    const rest = authoriseBy(buyer, seller, { amount: '600' });
    expect(await ledger.store.authorise(rest, false)).toMatchObject(held);
    expect(await authorise(1)).toEqual(refused);
    // Half of it is given back.
    await ledger.settlement.settle(settleOf(rest, { units: { completion_token: 300 } }));
    expect(await authorise(301)).toEqual(refused);
    expect(await authorise(300)).toMatchObject(held);
  });
});

describe('the window of a budget', () => {
  it.each([
    ['a day', { period: 'day' }, '1 day'],
    ['a week', { period: 'week' }, '7 days'],
    ['a month', { period: 'month' }, '1 month'],
    ['the last day', { period: 'day', isRolling: true }, '25 hours'],
    ['the last week', { period: 'week', isRolling: true }, '7 days 1 hour'],
    ['the last month', { period: 'month', isRolling: true }, '30 days 1 hour'],
  ] as const)('of %s moves on', async (_name, kind, interval) => {
    const budget = await ledger.setBudget(buyer, { ...kind, amount: 1000n });
    await spend(1000);
    expect(await authorise(1)).toEqual(refused);
    await age(budget, interval);
    await spend(1000);
    expect(await authorise(1)).toEqual(refused);
  });

  it.each([
    ['day', '23 hours'],
    ['week', '6 days 23 hours'],
    ['month', '29 days 23 hours'],
  ] as const)('of the last %s is no shorter than it says', async (period, interval) => {
    const budget = await ledger.setBudget(buyer, { period, isRolling: true, amount: 1000n });
    await spend(1000);
    await age(budget, interval);
    expect(await authorise(1)).toEqual(refused);
  });

  it('begins at midnight UTC, on Monday, and on the first', async () => {
    const at = '2026-03-18T13:14:15+02';
    const { rows } = await ledger.admin.query<{ starts: string[] }>(
      `SELECT ARRAY(SELECT to_char(budget_window_start(p, false, $1) AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI')
         FROM unnest(ARRAY['day', 'week', 'month']) p) AS starts`,
      [at],
    );
    expect(rows[0]?.starts).toEqual(['2026-03-18 00:00', '2026-03-16 00:00', '2026-03-01 00:00']);
  });

  it('of a lifetime never moves', async () => {
    const budget = await ledger.setBudget(buyer, { period: 'lifetime', amount: 1000n });
    await spend(1000);
    await age(budget, '10 years');
    expect(await authorise(1)).toEqual(refused);
  });

  it('counts a request when it ends, whenever it began', async () => {
    const budget = await ledger.setBudget(buyer, { period: 'day', amount: 1000n });
    const hold = authoriseBy(buyer, seller, { amount: '1000' });
    await ledger.store.authorise(hold, false);
    await age(budget, '1 day');
    expect(await authorise(1)).toEqual(refused);
    await ledger.settlement.settle(settleOf(hold, { units: { completion_token: 900 } }));
    expect(await authorise(101)).toEqual(refused);
    expect(await authorise(100)).toMatchObject(held);
  });
});

describe('budgets', () => {
  it('are exact under racing requests, one at a time and in batches', async () => {
    await ledger.setBudget(buyer, { period: 'day', amount: 30_500n });
    await ledger.setBudget(buyer, { period: 'month', isRolling: true, amount: 20_999n });
    const jobs = Array.from({ length: 200 }, () => async () => {
      const hold = authoriseBy(buyer, seller);
      const answer = await ledger.store.authorise(hold, false);
      if ('declined' in answer) return answer.declined;
      const units = { completion_token: 1000 };
      return (await ledger.settlement.settle(settleOf(hold, { units }))).charged;
    });
    const results = await Promise.all(jobs.map((job) => job()));
    expect(results.filter((result) => result === '1000')).toHaveLength(20);
    expect(results.filter((result) => result === 'budget_exceeded')).toHaveLength(180);
  });

  it('let nothing more through when a limit is lowered, and count again when it is raised', async () => {
    await ledger.setBudget(buyer, { period: 'week', amount: 5000n });
    await spend(3000);
    await ledger.setBudget(buyer, { period: 'week', amount: 2000n });
    expect(await authorise(1)).toEqual(refused);
    // What costs nothing needs no budget.
    expect(await authorise(0)).toMatchObject(held);
    await ledger.setBudget(buyer, { period: 'week', amount: 3500n });
    expect(await authorise(501)).toEqual(refused);
    expect(await authorise(500)).toMatchObject(held);
  });

  it('that are set while requests run count what these may still take', async () => {
    await authorise(700);
    await ledger.setBudget(buyer, { period: 'lifetime', amount: 1000n });
    expect(await authorise(301)).toEqual(refused);
    expect(await authorise(300)).toMatchObject(held);
  });

  it('of one token leave the other tokens of its owner alone', async () => {
    await ledger.setBudget(buyer, { period: 'day', amount: 0n });
    expect(await authorise(1)).toEqual(refused);
    const { rows } = await ledger.admin.query<{ id: string }>(
      `INSERT INTO api_token (public_id, user_id, owner_id, name, secret_hash, scopes,
         requests_per_minute_max, tokens_per_minute_max, concurrency_max)
       SELECT public_id || '-2', user_id, owner_id, 'other', '', scopes, 1, 1, 1 FROM api_token
       WHERE id = $1 RETURNING id`,
      [buyer.apiTokenId],
    );
    const other = { ...buyer, apiTokenId: rows[0]?.id ?? '' };
    expect(
      await ledger.store.authorise(authoriseBy(other, seller, { amount: '1' }), false),
    ).toMatchObject(held);
  });

  it('get back what an expired hold had, and stop a running request from growing', async () => {
    await ledger.setBudget(buyer, { period: 'day', amount: 1000n });
    const lost = authoriseBy(buyer, seller, { amount: '1000', expiresAtMs: Date.now() - 1 });
    await ledger.store.authorise(lost, false);
    await ledger.store.reapExpired(100);
    const running = authoriseBy(buyer, seller, { amount: '400' });
    await ledger.store.authorise(running, false);
    const extend = (tokens: number) =>
      ledger.authorisation.extend({
        ...{ type: 'extend', requestId: running.requestId, holdEpoch: 1, ticket: null },
        ...{ servedPosition: 0, units: { completion_token: tokens } },
      });
    expect(await extend(1000)).toEqual({ result: 'held', amount: '1000' });
    expect(await extend(1001)).toEqual({ result: 'budget_exceeded', amount: '1000' });
    await ledger.settlement.settle(settleOf(running, { units: { completion_token: 1000 } }));
    expect(await authorise(1)).toEqual(refused);
  });

  it('stay exact while leases of their token are closed, taken back and settled in a race', async () => {
    const leases = await Promise.all(
      [1, 2, 3].map(() => leaseFor(ledger, buyer, '20000', { expiresAtMs: Date.now() - 1 })),
    );
    await ledger.setBudget(buyer, { period: 'day', amount: 100_000n });
    const jobs = leases.flatMap(({ leaseId }) => [
      ...Array.from({ length: 15 }, () => async () => {
        const request = authoriseBy(buyer, seller);
        const ticket = ticketOf(request, leaseId);
        await ledger.settlement.settle(settleOf(request, { ticket }));
      }),
      () => ledger.leases.reapExpired(10),
      () => authorise(1000),
    ]);
    await Promise.all(shuffled(jobs).map((job) => job()));
    const { rows } = await ledger.admin.query<{ spent: string; captured: string }>(
      `SELECT (SELECT sum(s.spent) FROM budget_slice s JOIN budget b ON b.id = s.budget_id
               WHERE b.api_token_id = $1)::text AS spent,
         (SELECT sum(captured) FROM receipt WHERE api_token_id = $1)::text AS captured`,
      [buyer.apiTokenId],
    );
    expect(rows[0]?.spent).toBe(rows[0]?.captured);
  });
});

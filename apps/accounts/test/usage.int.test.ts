import { randomUUID } from 'node:crypto';
import { AskEarnings, AskUsage, ListReceipts, ListSales, type Principal } from '@aisbf/contracts';
import { createLog } from '@aisbf/platform';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { PgReceiptLists } from '../src/outbound/pg-receipt-lists.js';
import { PgStatementReader } from '../src/outbound/pg-statement-reader.js';
import { PgUsageReader } from '../src/outbound/pg-usage-reader.js';
import { Reports } from '../src/outbound/reports.js';
import { UsageReports } from '../src/services/usage-reports.js';
import { authoriseBy, type Owner, openLedger, settleOf } from './ledger-bench.js';
import { moveBack } from './payout-bench.js';

let ledger: Awaited<ReturnType<typeof openLedger>>;
let pool: Reports;
let reports: UsageReports;

beforeAll(async () => {
  ledger = await openLedger();
  const url = String(ledger.pool.options.connectionString);
  pool = new Reports({ url, connectionsMax: 4, msMax: 20_000 }, createLog('test', 'silent'));
  reports = new UsageReports(
    new PgUsageReader(ledger.pool, pool),
    new PgReceiptLists(pool),
    new PgStatementReader(pool),
  );
});
afterEach(async () => {
  expect(await ledger.violations()).toEqual([]);
});
afterAll(async () => {
  await pool.onApplicationShutdown();
  await ledger.close();
});

const as = ({ ownerId }: Owner) => ({ ownerId, username: 'somebody' }) as Principal;
const dayOf = (daysAgo: number) =>
  new Date(Date.now() - daysAgo * 86_400_000).toISOString().slice(0, 10);
/** Its first and its last day are among those that are bought on. */
const span = { from: dayOf(40), to: dayOf(0) };
const allWords = ['day', 'token', 'model', 'route', 'provider', 'outcome'] as const;

type Bought = Readonly<{
  model: string;
  provider: string;
  route: string;
  feeBps: number;
  units: { prompt_token: number; completion_token: number };
  outcome: 'completed' | 'buyer_left' | 'seller_failed' | 'not_served';
  daysAgo: number;
  isFolded: boolean;
}>;

const bought = fc.record<Bought>({
  model: fc.constantFrom('demo-small', '=1+1', 'a,"b"\r\nc', 'größer'),
  provider: fc.constantFrom('sam/gpu', 'ann/box'),
  route: fc.constantFrom('rotation/test', 'sam/demo', '@x'),
  feeBps: fc.constantFrom(0, 333, 500, 10_000),
  units: fc.record({
    prompt_token: fc.nat(9_999),
    completion_token: fc.integer({ min: 1, max: 9_999 }),
  }),
  outcome: fc.constantFrom('completed', 'buyer_left', 'seller_failed', 'not_served'),
  daysAgo: fc.constantFrom(0, 1, 40),
  isFolded: fc.boolean(),
});

async function buy(buyer: Owner, seller: Owner, item: Bought): Promise<void> {
  const hold = authoriseBy(buyer, seller, {
    amount: '1000000',
    route: item.route,
    terms: [
      {
        ...{
          providerId: randomUUID(),
          providerLabel: item.provider,
          sellerOwnerId: seller.ownerId,
        },
        ...{ model: item.model, feeBps: item.feeBps },
        prices: { prompt_token: '333333', completion_token: '777777' },
      },
    ],
  });
  await ledger.store.authorise(hold, false);
  const isServed = item.outcome !== 'not_served';
  await ledger.settlement.settle(
    settleOf(hold, {
      ...{ outcome: item.outcome, units: isServed ? item.units : {} },
      servedPosition: isServed ? 0 : null,
    }),
  );
  if (item.daysAgo > 0) await moveBack(ledger, hold.requestId, item.daysAgo);
  if (item.isFolded) await reports.fold();
}

/** All pages, however small. */
async function everyReceipt(owner: Owner, query: Record<string, string>) {
  const receipts = [];
  for (let cursor: string | null | undefined; cursor !== null; ) {
    const asked = ListReceipts.parse({
      ...query,
      ...(cursor !== undefined && { cursor }),
      limit: 3,
    });
    const page = await reports.receipts(as(owner), asked);
    receipts.push(...page.receipts);
    cursor = page.nextCursor;
  }
  return receipts;
}

async function everySale(owner: Owner, query: Record<string, string>) {
  const sales = [];
  for (let cursor: string | null | undefined; cursor !== null; ) {
    const asked = ListSales.parse({ ...query, ...(cursor !== undefined && { cursor }), limit: 3 });
    const page = await reports.sales(as(owner), asked);
    sales.push(...page.sales);
    cursor = page.nextCursor;
  }
  return sales;
}

const queryOf = (link: string) =>
  Object.fromEntries(new URL(link, 'http://market').searchParams.entries());
const sumOf = (amounts: readonly string[]) =>
  amounts.reduce((total, amount) => total + BigInt(amount), 0n);

async function movedBy(owner: Owner, kind: string): Promise<bigint> {
  const { rows } = await ledger.admin.query<{ moved: string }>(
    `SELECT coalesce(sum(CASE WHEN f.credit_account_id = a.id THEN f.amount ELSE -f.amount END), 0) AS moved
     FROM ledger_account a JOIN transfer f ON a.id IN (f.credit_account_id, f.debit_account_id)
     JOIN transaction t ON t.id = f.transaction_id AND t.kind = 'usage'
     WHERE a.owner_id = $1 AND a.kind = $2`,
    [owner.ownerId, kind],
  );
  return BigInt(rows[0]?.moved ?? 0);
}

describe('the figures', () => {
  it('of any history, split in any way, are the sums of the receipts they lead to, and what the ledger moved', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(bought, { minLength: 1, maxLength: 10 }),
        fc.subarray([...allWords], { minLength: 1 }),
        async (history, by) => {
          const [buyer, other] = [
            await ledger.richOwner(10n ** 12n),
            await ledger.richOwner(10n ** 12n),
          ];
          const seller = await ledger.owner();
          for (const item of history) await buy(buyer, seller, item);
          await buy(other, await ledger.owner(), history[0] as Bought);

          const asked = AskUsage.parse({ ...span, by: by.join(',') });
          const usage = await reports.usageOf(as(buyer), asked);
          for (const row of usage.rows) {
            const receipts = await everyReceipt(buyer, queryOf(row.receipts));
            expect(receipts).toHaveLength(row.requests);
            expect(sumOf(receipts.map(({ charge }) => charge)).toString()).toBe(row.charge);
          }
          expect(usage.requests).toBe(history.length);
          expect(BigInt(usage.charge)).toBe(-(await movedBy(buyer, 'buyer_wallet')));
          expect(sumOf(usage.rows.map(({ charge }) => charge)).toString()).toBe(usage.charge);

          const words = by.filter((word) => ['day', 'model', 'provider'].includes(word));
          const question = AskEarnings.parse({ ...span, by: words.join(',') || 'day' });
          const earnings = await reports.earningsOf(as(seller), question);
          for (const row of earnings.rows) {
            const sales = await everySale(seller, queryOf(row.sales));
            expect(sales).toHaveLength(row.requests);
            expect(sumOf(sales.map(({ net }) => net)).toString()).toBe(row.net);
            expect(sumOf(sales.map(({ gross }) => gross)).toString()).toBe(row.gross);
          }
          expect(BigInt(earnings.net)).toBe(await movedBy(seller, 'seller_payable'));
          expect(earnings.gross).toBe(usage.charge);
        },
      ),
      { numRuns: 25 },
    );
  }, 120_000);

  it('are no one else’s', async () => {
    const [buyer, seller, stranger] = [
      await ledger.richOwner(10n ** 9n),
      await ledger.owner(),
      await ledger.owner(),
    ];
    await buy(buyer, seller, { ...plain });
    for (const each of [seller, stranger]) {
      expect((await reports.usageOf(as(each), AskUsage.parse(span))).rows).toEqual([]);
      expect(await everyReceipt(each, {})).toEqual([]);
    }
    for (const each of [buyer, stranger]) {
      expect((await reports.earningsOf(as(each), AskEarnings.parse(span))).rows).toEqual([]);
      expect(await everySale(each, {})).toEqual([]);
    }
    const [sale] = await everySale(seller, {});
    expect(JSON.stringify(sale)).not.toContain(buyer.ownerId);
    expect(JSON.stringify(sale)).not.toContain(plain.route);
  });

  it('of own capacity are metered and cost nothing, and are no earnings', async () => {
    const owner = await ledger.richOwner(10n ** 9n);
    await buy(owner, owner, plain);
    expect(await reports.usageOf(as(owner), AskUsage.parse(span))).toMatchObject({
      requests: 1,
      charge: '0',
      rows: [{ units: plain.units }],
    });
    expect((await reports.earningsOf(as(owner), AskEarnings.parse(span))).rows).toEqual([]);
  });

  it('leave out what was declined', async () => {
    const [poor, seller] = [await ledger.richOwner(1n), await ledger.owner()];
    await ledger.store.authorise(authoriseBy(poor, seller), false);
    expect((await reports.usageOf(as(poor), AskUsage.parse(span))).rows).toEqual([]);
  });
});

const plain: Bought = {
  ...{ model: 'demo-small', provider: 'sam/gpu', route: 'rotation/secret', feeBps: 500 },
  ...{ units: { prompt_token: 100, completion_token: 200 }, outcome: 'completed' },
  ...{ daysAgo: 0, isFolded: false },
};
/** One of them as the door gives it. */
const ask = (change: object) => AskUsage.safeParse({ ...span, ...change });

describe('a question', () => {
  it.each([
    [{ by: 'day,day' }],
    [{ by: 'token,model,route,provider,outcome' }],
    [{ from: '2026-01-01', to: '2027-02-04' }],
  ])('like %j is understood', (change) => {
    expect(ask(change).success).toBe(true);
  });

  it.each([
    [{ by: 'owner_id' }],
    [{ by: 'day;DROP TABLE receipt' }],
    [{ from: '2026-11-02', to: '2026-11-01' }],
    [{ from: '2026-01-01', to: '2027-02-05' }],
    [{ from: '2026-02-30' }],
    [{ token: 'mine' }],
    [{ format: 'xlsx' }],
    [{ owner: 'alice' }],
  ])('like %j is refused', (change) => {
    expect(ask(change).success).toBe(false);
  });
});

describe('a list of receipts', () => {
  it('goes on where it stopped, whatever ends meanwhile, and shows what runs', async () => {
    const [buyer, seller] = [await ledger.richOwner(10n ** 9n), await ledger.owner()];
    for (let n = 0; n < 5; n += 1) await buy(buyer, seller, plain);
    const first = await reports.receipts(as(buyer), ListReceipts.parse({ limit: 3 }));
    await buy(buyer, seller, plain);
    const cursor = first.nextCursor ?? '';
    const second = await reports.receipts(as(buyer), ListReceipts.parse({ limit: 3, cursor }));
    const ids = [...first.receipts, ...second.receipts].map(({ id }) => id);
    expect(new Set(ids).size).toBe(5);
    expect(second.nextCursor).toBeNull();

    const running = authoriseBy(buyer, seller);
    await ledger.store.authorise(running, false);
    const [latest] = (await reports.receipts(as(buyer), ListReceipts.parse({}))).receipts;
    expect(latest).toMatchObject({ id: running.requestId, state: 'open' });
    const { receipts } = await reports.receipts(as(buyer), ListReceipts.parse({ to: dayOf(0) }));
    expect(receipts).toHaveLength(6);
  });

  it.each([[{ cursor: '1.x' }], [{ cursor: "1.req_' OR 1=1" }], [{ limit: '201' }]])(
    'refuses %j',
    (query) => {
      expect(ListReceipts.safeParse(query).success).toBe(false);
    },
  );
});

describe('a statement', () => {
  it('leads from the opening to the closing balance, over months, folded or not', async () => {
    const [buyer, seller] = [await ledger.richOwner(10n ** 9n), await ledger.owner()];
    await ledger.promote(buyer, 500n);
    for (const daysAgo of [0, 0, 40]) await buy(buyer, seller, { ...plain, daysAgo });
    const months = [...new Set([40, 20, 0].map((days) => dayOf(days).slice(0, 7)))];
    for (const isFolded of [false, true]) {
      if (isFolded) await ledger.store.fold(1_000);
      const wallets = [];
      for (const month of months) {
        const { wallet, earnings } = await reports.statement(as(buyer), { month });
        wallets.push(wallet);
        expect(earnings).toEqual({ opening: '0', lines: [], closing: '0' });
      }
      for (const [index, wallet] of wallets.entries()) {
        expect(wallet.opening).toBe(wallets[index - 1]?.closing ?? '0');
      }
      const { posted, promo } = await ledger.reader.wallet(buyer.ownerId);
      expect(wallets.at(-1)?.closing).toBe((posted + promo).toString());
      expect(
        wallets
          .at(-1)
          ?.lines.map(({ kind }) => kind)
          .sort(),
      ).toEqual(['grant', 'promo', 'usage']);

      const sold = await reports.statement(as(seller), { month: months.at(-1) ?? '' });
      const { earned } = await ledger.reader.wallet(seller.ownerId);
      expect(sold.earnings.closing).toBe(earned.toString());
    }
  });
});

describe('a download', () => {
  it('has the same figures as the answer, and gives its connection back, also when it is left', async () => {
    const [buyer, seller] = [await ledger.richOwner(10n ** 9n), await ledger.owner()];
    for (const model of ['a', 'b', 'c']) await buy(buyer, seller, { ...plain, model });
    const asked = AskUsage.parse({ ...span, by: 'token,model', format: 'csv' });
    const lines = [];
    for await (const line of reports.usageLines(as(buyer), asked)) lines.push(line);
    const usage = await reports.usageOf(as(buyer), asked);
    expect(lines.map(({ charge }) => charge)).toEqual(usage.rows.map(({ charge }) => charge));

    // More than there are connections: each that is left half read is given back.
    for (let n = 0; n < 10; n += 1) {
      for await (const _line of reports.usageLines(as(buyer), asked)) break;
    }
    expect((await reports.usageOf(as(buyer), asked)).rows).toHaveLength(3);
  });
});

import { randomUUID } from 'node:crypto';
import type { Authorise } from '@aisbf/contracts';
import { nanos } from '@aisbf/money';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import {
  authoriseBy,
  leaseFor,
  type Owner,
  openLedger,
  settleOf,
  shuffled,
  ticketOf,
} from './ledger-bench.js';

let ledger: Awaited<ReturnType<typeof openLedger>>;
let seller: Owner;

beforeAll(async () => {
  // One lane, so that whatever is asked for in one turn of the event loop is one statement.
  ledger = await openLedger({ connections: 32, batchLimits: { lanesMax: 1 } });
  seller = await ledger.owner();
});
afterEach(async () => {
  expect(await ledger.violations()).toEqual([]);
});
afterAll(() => ledger.close());

const walletOf = ({ ownerId }: Owner) => ledger.reader.wallet(ownerId);
const authorise = (hold: Authorise) => ledger.store.authorise(hold, false);
const settle = (hold: Authorise, change = {}) => ledger.settlement.settle(settleOf(hold, change));
const holdOf = (buyer: Owner, change: Partial<Authorise> = {}) =>
  authoriseBy(buyer, seller, change);
const transactionsOf = async (holds: readonly Authorise[]) => {
  const { rows } = await ledger.admin.query<{ count: number }>(
    'SELECT count(DISTINCT transaction_id)::int AS count FROM receipt WHERE id = ANY ($1)',
    [holds.map(({ requestId }) => requestId)],
  );
  return rows[0]?.count;
};

describe('a batch', () => {
  it('is one transaction per payer, and exact for each', async () => {
    const buyers = [await ledger.richOwner(50_000n), await ledger.richOwner(50_000n)];
    const holds = buyers.flatMap((buyer) => Array.from({ length: 20 }, () => holdOf(buyer)));
    await Promise.all(holds.map(authorise));
    await Promise.all(holds.map((hold) => settle(hold)));
    expect(await transactionsOf(holds)).toBe(2);
    for (const buyer of buyers) {
      expect(await walletOf(buyer)).toMatchObject({ posted: 44_000n, held: 0n });
    }
  });

  it('keeps the terms and moments of each, whichever of them are alike', async () => {
    const buyer = await ledger.richOwner(500_000n);
    const { leaseId } = await leaseFor(ledger, buyer, '50000');
    const [cheap, dear] = [holdOf(buyer).terms, holdOf(buyer).terms].map((terms, n) =>
      terms.map((each) => ({ ...each, prices: { completion_token: String((n + 1) * 1_000_000) } })),
    );
    const each = [cheap, dear, cheap, undefined, dear].map((terms) =>
      holdOf(buyer, terms && { terms }),
    );
    const holds = each.slice(0, 3);
    await Promise.all(holds.map(authorise));
    const leased = each.map((hold) => holdOf(buyer, { terms: hold.terms }));
    const endedAtMs = 1_764_000_000_123;
    const charged = await Promise.all([
      ...holds.map((hold) => settle(hold, { endedAtMs })),
      ...leased.map((hold) => settle(hold, { endedAtMs, ticket: ticketOf(hold, leaseId) })),
    ]);
    expect(charged.map((one) => one.charged)).toEqual([
      '200',
      '400',
      '200',
      '200',
      '400',
      '200',
      '300',
      '400',
    ]);
    for (const { requestId, terms } of [...holds, ...leased]) {
      const { rows } = await ledger.admin.query(
        'SELECT terms, ended_at AS "endedAt" FROM receipt WHERE id = $1',
        [requestId],
      );
      expect(rows).toEqual([{ terms, endedAt: new Date(endedAtMs) }]);
    }
  });

  it('answers each of two alike by itself, and two of the same id as one and its repeat', async () => {
    const buyer = await ledger.richOwner(50_000n);
    const hold = holdOf(buyer);
    const alike = { ...hold, requestId: holdOf(buyer).requestId };
    const answers = await Promise.all([hold, alike, hold, hold].map(authorise));
    const isReplay = answers.map((answer) => 'isReplay' in answer && answer.isReplay);
    expect(isReplay).toEqual([false, false, true, true]);
    const results = await Promise.all([hold, hold, alike].map((each) => settle(each)));
    expect(results.map(({ result }) => result)).toEqual(['settled', 'replay', 'settled']);
    expect(await walletOf(buyer)).toMatchObject({ posted: 49_400n, held: 0n });
  });

  it('tells two requests under one id apart: the first has it', async () => {
    const buyer = await ledger.richOwner(50_000n);
    const hold = holdOf(buyer);
    const other = { ...hold, amount: '900' };
    const answers = await Promise.all([hold, other, hold].map(authorise));
    expect(answers[0]).toMatchObject({ amount: '1000', isReplay: false });
    expect(answers[1]).toEqual({ declined: 'parameters_differ' });
    expect(answers[2]).toMatchObject({ amount: '1000', isReplay: true });
    expect(await walletOf(buyer)).toMatchObject({ held: 1000n });
  });

  it('gives what there is to the first that fit, and declines the others', async () => {
    const buyer = await ledger.richOwner(2500n);
    const answers = await Promise.all([1, 2, 3, 4].map(() => authorise(holdOf(buyer))));
    expect(answers.filter((answer) => 'holdEpoch' in answer)).toHaveLength(2);
    expect(await walletOf(buyer)).toMatchObject({ held: 2000n });
  });

  it.each([
    ['a route that is no text for a database', { route: 'bad\u0000route' }],
    ['an amount that no wallet can hold', { amount: '99999999999999999999' }],
    ['an owner that is no id', { ownerId: 'nobody' }],
    ['a time that is no time', { expiresAtMs: Number.MAX_SAFE_INTEGER }],
  ])('loses only the item that breaks it: %s', async (_name, poison) => {
    const buyer = await ledger.richOwner(1_000_000n);
    const holds = Array.from({ length: 30 }, (_, n) => holdOf(buyer, n === 17 ? poison : {}));
    const answers = await Promise.allSettled(holds.map(authorise));
    expect(
      answers.map(({ status }, n) => [status, n]).filter(([status]) => status === 'rejected'),
    ).toEqual([['rejected', 17]]);
    expect(await walletOf(buyer)).toMatchObject({ held: 29_000n });
  });

  it('of settlements loses only the item that breaks it', async () => {
    const buyer = await ledger.richOwner(1_000_000n);
    const holds = Array.from({ length: 30 }, () => holdOf(buyer));
    await Promise.all(holds.map(authorise));
    const answers = await Promise.allSettled(
      holds.map((hold, n) => settle(hold, n === 3 ? { finishReason: 'bad\u0000reason' } : {})),
    );
    expect(answers.filter(({ status }) => status === 'rejected')).toHaveLength(1);
    expect(await walletOf(buyer)).toMatchObject({ posted: 1_000_000n - 29n * 300n, held: 1000n });
    await settle(holds[3] as Authorise);
  });

  it('that comes through the door answers each by itself, in its order', async () => {
    const buyer = await ledger.richOwner(10_000n);
    const [good, other, unknown] = [holdOf(buyer), holdOf(buyer), holdOf(buyer)];
    await Promise.all([good, other].map(authorise));
    const { results } = await ledger.settlement.settleAll([
      settleOf(good),
      settleOf(unknown),
      settleOf(other, { servedPosition: 9 }),
      settleOf(other, { ticket: 'none' }),
      settleOf(good),
      settleOf(other),
    ]);
    expect(results).toMatchObject([
      { result: 'settled' },
      { fault: { code: 'HOLD_MISSING' } },
      { fault: { code: 'SETTLEMENT_INVALID' } },
      { fault: { code: 'TICKET_INVALID' } },
      { result: 'replay' },
      { result: 'settled' },
    ]);
  });
});

describe('a hold that grows', () => {
  const extend = (hold: Authorise, tokens: number, ticket: string | null = null) =>
    ledger.authorisation.extend({
      ...{ type: 'extend', requestId: hold.requestId, holdEpoch: 1, ticket, servedPosition: 0 },
      units: { completion_token: tokens },
    });

  it('holds as much as the candidate may deliver, once for the same, and never less than before', async () => {
    const buyer = await ledger.richOwner(10_000n);
    const hold = holdOf(buyer);
    await authorise(hold);
    for (const _ of [1, 2])
      expect(await extend(hold, 3000)).toEqual({ result: 'held', amount: '3000' });
    expect(await extend(hold, 10)).toEqual({ result: 'held', amount: '3000' });
    expect(await walletOf(buyer)).toMatchObject({ held: 3000n });
    expect(await settle(hold, { units: { completion_token: 2999 } })).toMatchObject({
      charged: '2999',
    });
    expect(await walletOf(buyer)).toMatchObject({ posted: 7001n, held: 0n });
    await expect(extend(hold, 4000)).rejects.toMatchObject({ code: 'HOLD_MISSING' });
  });

  it('stays as it was where the wallet has no more, and is still the same request', async () => {
    const buyer = await ledger.richOwner(1500n);
    const hold = holdOf(buyer);
    await authorise(hold);
    expect(await extend(hold, 1501)).toEqual({ result: 'insufficient_balance', amount: '1000' });
    expect(await extend(hold, 1500)).toEqual({ result: 'held', amount: '1500' });
    expect(await authorise(hold)).toMatchObject({ isReplay: true });
  });

  it('from a lease: holds more beside it, and charges within that', async () => {
    const buyer = await ledger.richOwner(10_000n);
    const { leaseId } = await leaseFor(ledger, buyer, '5000');
    const request = holdOf(buyer);
    const ticket = ticketOf(request, leaseId);
    for (const _ of [1, 2])
      expect(await extend(request, 3000, ticket)).toMatchObject({ amount: '3000' });
    expect(await walletOf(buyer)).toMatchObject({ held: 7000n });
    expect(await extend(request, 6001, ticket)).toEqual({
      result: 'insufficient_balance',
      amount: '3000',
    });
    const served = { ticket, units: { completion_token: 2500 } };
    expect(await settle(request, served)).toMatchObject({ charged: '2500' });
    expect(await walletOf(buyer)).toMatchObject({ posted: 7500n, held: 4000n });
    await expect(extend(request, 9, ticket)).rejects.toMatchObject({ code: 'HOLD_MISSING' });
    await ledger.leases.close({ type: 'close-lease', leaseId, issued: '1000', issuedCount: 1 });
    expect(await walletOf(buyer)).toMatchObject({ held: 0n });
  });

  it('is unknown under another id, of another epoch, or at a place that it never had', async () => {
    const buyer = await ledger.richOwner(10_000n);
    const hold = holdOf(buyer);
    await expect(extend(hold, 1)).rejects.toMatchObject({ code: 'HOLD_MISSING' });
    await authorise(hold);
    const request = {
      type: 'extend',
      requestId: hold.requestId,
      holdEpoch: 2,
      ticket: null,
    } as const;
    const asked = { ...request, servedPosition: 0, units: { completion_token: 9000 } };
    await expect(ledger.authorisation.extend(asked)).rejects.toMatchObject({
      code: 'HOLD_MISSING',
    });
    const elsewhere = { ...asked, holdEpoch: 1, servedPosition: 1 };
    await expect(ledger.authorisation.extend(elsewhere)).rejects.toMatchObject({
      code: 'SETTLEMENT_INVALID',
    });
    expect(await walletOf(buyer)).toMatchObject({ held: 1000n });
  });

  it('never holds more than there is, however many grow at once', async () => {
    const buyer = await ledger.richOwner(50_000n);
    const holds = Array.from({ length: 20 }, () => holdOf(buyer));
    await Promise.all(holds.map(authorise));
    const grown = await Promise.all(holds.map((hold) => extend(hold, 4000)));
    expect(grown.filter(({ result }) => result === 'held')).toHaveLength(10);
    expect(await walletOf(buyer)).toMatchObject({ held: 50_000n });
  });
});

describe('promotional money', () => {
  it('is spent first, by transfers, and the seller is paid alike', async () => {
    const buyer = await ledger.richOwner(1000n);
    await ledger.promote(buyer, 450n);
    const earned = async () => (await ledger.reader.wallet(seller.ownerId)).earned;
    const before = await earned();
    const holds = [holdOf(buyer, { amount: '700' }), holdOf(buyer, { amount: '700' })];
    for (const hold of holds) expect(await authorise(hold)).toMatchObject({ isReplay: false });
    expect(await authorise(holdOf(buyer, { amount: '51' }))).toMatchObject({
      declined: 'held_by_other_requests',
    });
    await settle(holds[0] as Authorise);
    expect(await walletOf(buyer)).toMatchObject({ posted: 1000n, promo: 150n, held: 700n });
    await settle(holds[1] as Authorise);
    expect(await walletOf(buyer)).toMatchObject({ posted: 850n, promo: 0n, held: 0n });
    expect((await earned()) - before).toBe(2n * 285n);
    const { rows } = await ledger.admin.query<{ code: string; amount: string }>(
      `SELECT t.code, t.amount::text FROM transfer t JOIN receipt r ON r.transaction_id = t.transaction_id
       WHERE r.id = $1 ORDER BY t.leg`,
      [holds[1]?.requestId],
    );
    expect(rows).toEqual([
      { code: 'promo', amount: '150' },
      { code: 'fee', amount: '15' },
      { code: 'usage', amount: '285' },
    ]);
  });
});

describe('racing', () => {
  /** Everything that takes a lock, in every order, over wallets that all of them share. */
  it('authorisations, settlements, growth, leases, reapers and grants wait for each other, never in a ring', async () => {
    const racing = await openLedger({ connections: 32, batchLimits: { lanesMax: 8, itemsMax: 7 } });
    const deadlocks = async () => {
      const { rows } = await racing.admin.query<{ deadlocks: string }>(
        'SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()',
      );
      return Number(rows[0]?.deadlocks);
    };
    try {
      const owners = await Promise.all([1, 2, 3, 4].map(() => racing.richOwner(10_000_000n)));
      for (let round = 0; round < 25; round += 1) {
        await Promise.all(shuffled(await jobsOf(racing, owners)).map((job) => job()));
        await Promise.all([racing.store.fold(1000), racing.store.fold(1000)]);
      }
      expect(await racing.violations()).toEqual([]);
      expect(await deadlocks()).toBe(0);
    } finally {
      await racing.close();
    }
  }, 90_000);
});

type Job = () => Promise<unknown>;

/** A round of work: each owner buys from the next, so that every wallet is on both sides. */
async function jobsOf(racing: typeof ledger, owners: readonly Owner[]): Promise<readonly Job[]> {
  const pairs = owners.map(
    (buyer, n) => [buyer, owners[(n + 1) % owners.length] ?? buyer] as const,
  );
  const expiring = { expiresAtMs: Date.now() - 1 };
  const jobs = await Promise.all(
    pairs.map(async ([buyer, other]) => {
      const { leaseId } = await leaseFor(racing, buyer, '50000', expiring);
      const holds = Array.from({ length: 8 }, (_, n) =>
        authoriseBy(buyer, other, n % 2 ? expiring : {}),
      );
      await Promise.all(holds.map((hold) => racing.store.authorise(hold, false)));
      const issued = Array.from({ length: 4 }, () => authoriseBy(buyer, other));
      return [
        ...holds.map((hold) => () => racing.settlement.settle(settleOf(hold))),
        ...holds.map((hold) => () => racing.store.authorise(hold, false)),
        ...issued.map((request) => async () => {
          const ticket = ticketOf(request, leaseId);
          return racing.settlement.settle(settleOf(request, { ticket }));
        }),
        ...holds.slice(0, 3).map((hold) => async () => {
          const asked = {
            type: 'extend',
            requestId: hold.requestId,
            holdEpoch: 1,
            ticket: null,
          } as const;
          const units = { completion_token: 1500 };
          await racing.authorisation
            .extend({ ...asked, servedPosition: 0, units })
            .catch(() => undefined);
        }),
        () => racing.leases.renew({ type: 'renew-lease', leaseId, issuedMax: '60000' }),
        () => racing.leases.close({ type: 'close-lease', leaseId, issued: '4000', issuedCount: 4 }),
        () => racing.leases.reapExpired(10),
        () => racing.store.reapExpired(10),
        () => racing.promote(buyer, 10n),
        () =>
          racing.store.grant(
            {
              ...{ grantId: randomUUID(), ownerId: buyer.ownerId, reason: 'race' },
              amount: nanos(100n),
            },
            [],
          ),
      ] satisfies readonly Job[];
    }),
  );
  return jobs.flat();
}

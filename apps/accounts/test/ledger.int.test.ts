import { randomUUID } from 'node:crypto';
import { parseNanos } from '@aisbf/money';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { authoriseBy, newRequestId, openLedger, settleOf, shuffled } from './ledger-bench.js';

let ledger: Awaited<ReturnType<typeof openLedger>>;

beforeAll(async () => {
  ledger = await openLedger({ connections: 64 });
});
afterEach(async () => {
  expect(await ledger.violations()).toEqual([]);
});
afterAll(() => ledger.close());

const earnedBy = async (ownerId: string) => (await ledger.reader.wallet(ownerId)).earned;

describe('authorise', () => {
  it('sets aside what fits, and not a nano-dollar more, however many race for it', async () => {
    const [buyer, seller] = [await ledger.richOwner(100_000n), await ledger.owner()];
    const tries = Array.from({ length: 640 }, () =>
      ledger.store.authorise(authoriseBy(buyer, seller, { amount: '1000' }), false),
    );
    const answers = await Promise.all(tries);
    expect(answers.filter((answer) => 'holdEpoch' in answer)).toHaveLength(100);
    expect(
      answers.filter(
        (answer) => 'declined' in answer && answer.declined === 'held_by_other_requests',
      ),
    ).toHaveLength(540);
    expect(await ledger.reader.wallet(buyer.ownerId)).toMatchObject({
      posted: 100_000n,
      held: 100_000n,
    });
  });

  it('tells a wallet that is too small from one that is busy', async () => {
    const [buyer, seller] = [await ledger.richOwner(1000n), await ledger.owner()];
    await expect(
      ledger.authorisation.authorise(authoriseBy(buyer, seller, { amount: '1001' })),
    ).rejects.toMatchObject({
      code: 'INSUFFICIENT_BALANCE',
    });
    await ledger.authorisation.authorise(authoriseBy(buyer, seller, { amount: '600' }));
    await expect(
      ledger.authorisation.authorise(authoriseBy(buyer, seller, { amount: '600' })),
    ).rejects.toMatchObject({
      code: 'HELD_BY_OTHER_REQUESTS',
    });
  });

  it('gives the first answer again for the same id, a decline included', async () => {
    const [buyer, seller] = [await ledger.richOwner(1000n), await ledger.owner()];
    const good = authoriseBy(buyer, seller);
    expect(await ledger.store.authorise(good, false)).toMatchObject({
      isReplay: false,
      holdEpoch: 1,
    });
    expect(await ledger.store.authorise(good, false)).toMatchObject({
      isReplay: true,
      holdEpoch: 1,
    });
    const declined = authoriseBy(buyer, seller);
    expect(await ledger.store.authorise(declined, false)).toEqual({
      declined: 'held_by_other_requests',
    });
    await ledger.settlement.settle(settleOf(good, { outcome: 'not_served', servedPosition: null }));
    expect(await ledger.store.authorise(declined, false)).toEqual({
      declined: 'held_by_other_requests',
    });
  });

  it('refuses the same id for another request', async () => {
    const [buyer, seller] = [await ledger.richOwner(5000n), await ledger.owner()];
    const first = authoriseBy(buyer, seller);
    await ledger.store.authorise(first, false);
    expect(await ledger.store.authorise({ ...first, amount: '999' }, false)).toEqual({
      declined: 'parameters_differ',
    });
  });

  it('lets a token run no more requests at once than it may, however many race', async () => {
    const [buyer, seller] = [await ledger.richOwner(1_000_000n), await ledger.owner()];
    const answers = await Promise.all(
      Array.from({ length: 50 }, () =>
        ledger.store.authorise(authoriseBy(buyer, seller, { concurrencyMax: 7 }), false),
      ),
    );
    expect(answers.filter((answer) => 'holdEpoch' in answer)).toHaveLength(7);
  });

  it('refuses a revoked token, and a token of somebody else', async () => {
    const [buyer, other, seller] = [
      await ledger.richOwner(1000n),
      await ledger.owner(),
      await ledger.owner(),
    ];
    const foreign = { ...authoriseBy(buyer, seller), apiTokenId: other.apiTokenId };
    expect(await ledger.store.authorise(foreign, false)).toEqual({ declined: 'api_token_revoked' });
    await ledger.admin.query('UPDATE api_token SET revoked_at = now() WHERE id = $1', [
      buyer.apiTokenId,
    ]);
    expect(await ledger.store.authorise(authoriseBy(buyer, seller), false)).toEqual({
      declined: 'api_token_revoked',
    });
  });
});

describe('settle', () => {
  it('charges what was used at the held price, pays the seller the rest of the fee, frees the rest', async () => {
    const [buyer, seller] = [await ledger.richOwner(1000n), await ledger.owner()];
    const hold = authoriseBy(buyer, seller);
    await ledger.store.authorise(hold, false);
    expect(await ledger.settlement.settle(settleOf(hold))).toMatchObject({
      result: 'settled',
      charged: '300',
    });
    expect(await ledger.reader.wallet(buyer.ownerId)).toMatchObject({ posted: 700n, held: 0n });
    expect(await earnedBy(seller.ownerId)).toBe(285n);
  });

  it('charges once, however often and in whatever order the report comes', async () => {
    const [buyer, seller] = [await ledger.richOwner(100_000n), await ledger.owner()];
    const holds = Array.from({ length: 40 }, () => authoriseBy(buyer, seller));
    const messages = holds.flatMap((hold) => Array.from({ length: 8 }, () => hold));
    await Promise.all(shuffled(messages).map((hold) => ledger.store.authorise(hold, false)));
    const results = await Promise.all(
      shuffled(messages).map((hold) => ledger.settlement.settle(settleOf(hold))),
    );
    expect(results.filter(({ result }) => result === 'settled')).toHaveLength(40);
    expect(results.every(({ charged }) => charged === '300')).toBe(true);
    expect(await ledger.reader.wallet(buyer.ownerId)).toMatchObject({
      posted: 100_000n - 40n * 300n,
      held: 0n,
    });
  });

  it('splits every charge into parts that add up, whatever the prices and the fee', async () => {
    const [buyer, seller] = [await ledger.richOwner(1_000_000_000_000n), await ledger.owner()];
    const price = fc.bigInt({ min: 0n, max: 900_000_000n });
    const run = fc.asyncProperty(
      price,
      price,
      fc.integer({ min: 0, max: 10_000 }),
      fc.nat(5000),
      fc.nat(5000),
      async (promptPrice, completionPrice, feeBps, promptTokens, completionTokens) => {
        const hold = authoriseBy(buyer, seller, { amount: '9000000' });
        const terms = hold.terms.map((entry) => ({
          ...entry,
          feeBps,
          prices: { prompt_token: String(promptPrice), completion_token: String(completionPrice) },
        }));
        const before = await ledger.reader.wallet(buyer.ownerId);
        const earnedBefore = await earnedBy(seller.ownerId);
        await ledger.store.authorise({ ...hold, terms }, false);
        const { charged } = await ledger.settlement.settle(
          settleOf(hold, {
            units: { prompt_token: promptTokens, completion_token: completionTokens },
          }),
        );
        const after = await ledger.reader.wallet(buyer.ownerId);
        expect(before.posted - after.posted).toBe(BigInt(charged));
        const sellerPart = (await earnedBy(seller.ownerId)) - earnedBefore;
        expect(sellerPart).toBe(BigInt(charged) - (BigInt(charged) * BigInt(feeBps)) / 10_000n);
      },
    );
    await fc.assert(run, { numRuns: 60 });
  });

  it('never charges above the hold', async () => {
    const [buyer, seller] = [await ledger.richOwner(1000n), await ledger.owner()];
    const hold = authoriseBy(buyer, seller);
    await ledger.store.authorise(hold, false);
    const settled = await ledger.settlement.settle(
      settleOf(hold, { units: { completion_token: 1_000_000_000 } }),
    );
    expect(settled.charged).toBe('1000');
    expect(await ledger.reader.wallet(buyer.ownerId)).toMatchObject({ posted: 0n, held: 0n });
  });

  it.each([
    ['the seller failed', { outcome: 'seller_failed', servedPosition: 0 }],
    ['nobody served', { outcome: 'seller_failed', servedPosition: null }],
    ['the buyer left before a byte', { outcome: 'not_served', servedPosition: null }],
    ['the answer was empty without a reason', { units: { prompt_token: 5 }, finishReason: null }],
    [
      'the answer was empty with an error',
      { units: { completion_token: 0 }, finishReason: 'error' },
    ],
  ] as const)('charges nothing where %s', async (_name, change) => {
    const [buyer, seller] = [await ledger.richOwner(1000n), await ledger.owner()];
    const hold = authoriseBy(buyer, seller);
    await ledger.store.authorise(hold, false);
    expect(await ledger.settlement.settle(settleOf(hold, change))).toMatchObject({
      result: 'released',
      charged: '0',
    });
    expect(await ledger.reader.wallet(buyer.ownerId)).toMatchObject({ posted: 1000n, held: 0n });
  });

  it('charges what was delivered to a buyer who left, and nothing for own capacity', async () => {
    const [buyer, seller] = [await ledger.richOwner(2000n), await ledger.owner()];
    const left = authoriseBy(buyer, seller);
    await ledger.store.authorise(left, false);
    const units = { prompt_token: 100, completion_token: 7 };
    const delivered = { outcome: 'buyer_left', units, finishReason: null } as const;
    expect(await ledger.settlement.settle(settleOf(left, delivered))).toMatchObject({
      charged: '107',
    });
    const own = authoriseBy(buyer, buyer, { amount: '0' });
    await ledger.store.authorise(own, false);
    expect(await ledger.settlement.settle(settleOf(own))).toMatchObject({
      result: 'settled',
      charged: '0',
    });
    expect(await ledger.reader.receipt(buyer.ownerId, own.requestId)).toMatchObject({
      units: { prompt_token: 100, completion_token: 200, request: 1 },
    });
  });

  it('keeps to the price of admission, whatever else the settlement says', async () => {
    const [buyer, seller] = [await ledger.richOwner(1000n), await ledger.owner()];
    const hold = authoriseBy(buyer, seller);
    await ledger.store.authorise(hold, false);
    await expect(
      ledger.settlement.settle(settleOf(hold, { servedPosition: 1 })),
    ).rejects.toMatchObject({ code: 'SETTLEMENT_INVALID' });
    expect(await ledger.settlement.settle(settleOf(hold))).toMatchObject({ charged: '300' });
  });

  it('knows no money behind an unknown or a declined id', async () => {
    const [buyer, seller] = [await ledger.owner(), await ledger.owner()];
    const unknown = authoriseBy(buyer, seller);
    await expect(ledger.settlement.settle(settleOf(unknown))).rejects.toMatchObject({
      code: 'HOLD_MISSING',
    });
    await ledger.store.authorise(unknown, false);
    await expect(ledger.settlement.settle(settleOf(unknown))).rejects.toMatchObject({
      code: 'HOLD_DECLINED',
    });
  });
});

describe('reap', () => {
  const expired = { expiresAtMs: Date.now() - 1 };

  it('gives back an expired hold and fences off its late settlement', async () => {
    const [buyer, seller] = [await ledger.richOwner(1000n), await ledger.owner()];
    const hold = authoriseBy(buyer, seller, expired);
    await ledger.store.authorise(hold, false);
    expect(await ledger.store.reapExpired(100)).toContain(hold.requestId);
    expect(await ledger.settlement.settle(settleOf(hold))).toMatchObject({
      result: 'fenced',
      charged: '0',
    });
    expect(await ledger.settlement.settle(settleOf(hold))).toMatchObject({
      result: 'fenced',
      charged: '0',
    });
    expect(await ledger.reader.wallet(buyer.ownerId)).toMatchObject({ posted: 1000n, held: 0n });
    const { rows } = await ledger.admin.query(
      'SELECT * FROM fenced_settlement WHERE hold_id = $1',
      [hold.requestId],
    );
    expect(rows).toHaveLength(1);
  });

  it('races with settlements without charging twice or leaving anything held', async () => {
    const [buyer, seller] = [await ledger.richOwner(100_000n), await ledger.owner()];
    const holds = Array.from({ length: 60 }, () => authoriseBy(buyer, seller, expired));
    await Promise.all(holds.map((hold) => ledger.store.authorise(hold, false)));
    const work = [
      ...holds.map((hold) => () => ledger.settlement.settle(settleOf(hold))),
      ...Array.from({ length: 6 }, () => () => ledger.store.reapExpired(20)),
    ];
    await Promise.all(shuffled(work).map((job) => job()));
    await ledger.store.reapExpired(100);
    const { rows } = await ledger.admin.query<{ total: string }>(
      'SELECT coalesce(sum(captured), 0) AS total FROM receipt WHERE owner_id = $1',
      [buyer.ownerId],
    );
    expect(await ledger.reader.wallet(buyer.ownerId)).toMatchObject({
      posted: 100_000n - BigInt(rows[0]?.total ?? 0),
      held: 0n,
    });
  });
});

describe('grant', () => {
  it('moves money once per grant id, and refuses the id for another grant', async () => {
    const owner = await ledger.owner();
    const grant = {
      grantId: randomUUID(),
      ownerId: owner.ownerId,
      amount: parseNanos('50'),
      reason: 'r',
    };
    const results = await Promise.all(
      Array.from({ length: 8 }, () => ledger.store.grant(grant, [])),
    );
    expect([...results].sort()).toEqual(['granted', ...Array.from({ length: 7 }, () => 'replay')]);
    expect(await ledger.store.grant({ ...grant, amount: parseNanos('51') }, [])).toBe(
      'parameters_differ',
    );
    expect(await ledger.reader.wallet(owner.ownerId)).toMatchObject({ posted: 50n });
  });
});

describe('the oracle', () => {
  it('answers whoever may read it, whatever else they look at', async () => {
    const [buyer, seller] = [await ledger.richOwner(1000n), await ledger.owner()];
    const hold = authoriseBy(buyer, seller);
    await ledger.store.authorise(hold, false);
    await ledger.settlement.settle(settleOf(hold));
    const client = await ledger.admin.connect();
    try {
      await client.query('SET search_path TO pg_catalog');
      expect((await client.query('SELECT * FROM accounts.ledger_violations')).rows).toEqual([]);
    } finally {
      client.release(true);
    }
  });
});

describe('the tables', () => {
  it('let nobody rewrite what has happened', async () => {
    for (const statement of [
      'UPDATE transfer SET amount = 1',
      'DELETE FROM transfer',
      'TRUNCATE transaction CASCADE',
      'UPDATE receipt SET captured = 0',
      'DELETE FROM receipt',
    ]) {
      await expect(ledger.admin.query(statement)).rejects.toThrow(/append-only/);
      await expect(ledger.pool.query(statement)).rejects.toThrow(/append-only|permission denied/);
    }
  });

  it('tell each end of a request exactly once', async () => {
    const { rows } = await ledger.admin.query(
      `SELECT r.id FROM receipt r LEFT JOIN (
         SELECT u ->> 'requestId' AS id FROM outbox, jsonb_array_elements(payload -> 'usages') u) o ON o.id = r.id
       WHERE r.state <> 'declined' GROUP BY r.id HAVING count(o.id) <> 1`,
    );
    expect(rows).toEqual([]);
  });

  it('find a receipt for its owner only', async () => {
    const [buyer, seller] = [await ledger.richOwner(1000n), await ledger.owner()];
    const hold = authoriseBy(buyer, seller);
    await ledger.store.authorise(hold, false);
    expect(await ledger.reader.receipt(buyer.ownerId, hold.requestId)).toMatchObject({
      state: 'open',
    });
    expect(await ledger.reader.receipt(seller.ownerId, hold.requestId)).toBeUndefined();
    expect(await ledger.reader.receipt(buyer.ownerId, newRequestId())).toBeUndefined();
  });
});

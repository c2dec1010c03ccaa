import { until } from '@aisbf/testkit';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { AuditBlock } from '../src/domain/audit-block.js';
import { AuditBlocks } from '../src/services/audit-blocks.js';
import { authoriseBy, openLedger, settleOf } from './ledger-bench.js';
import { moveBack } from './payout-bench.js';
import { actedDaysAgo, makeOlder, openReplica, tamper, utcDay } from './reconciliation-bench.js';

let ledger: Awaited<ReturnType<typeof openLedger>>;
let replica: ReturnType<typeof openReplica>;

beforeEach(async () => {
  ledger = await openLedger();
  replica = openReplica(ledger.database);
});
afterEach(async () => {
  await replica.close();
  await ledger.close();
});

const allBlocks = () => replica.blocks.list(undefined, 1_000);
const verify = async () => (await replica.blocks.verify()).findings;
const firstNamed = async () => (await verify())[0]?.subject;

/** Four days with acts and a sale on some of them. */
async function history() {
  await makeOlder(ledger.admin, 4);
  const events = [
    await actedDaysAgo(ledger.admin, 4, 'first'),
    await actedDaysAgo(ledger.admin, 4, 'second'),
    await actedDaysAgo(ledger.admin, 2, 'third'),
  ];
  const [buyer, seller] = [await ledger.richOwner(5_000n), await ledger.owner()];
  const hold = authoriseBy(buyer, seller);
  await ledger.store.authorise(hold, false);
  await ledger.settlement.settle(settleOf(hold));
  await moveBack(ledger, hold.requestId, 3);
  return { events, requestId: hold.requestId };
}

describe('sealing', () => {
  it('makes one block for each day that is over, also for those on which nothing was done', async () => {
    await history();
    expect(await replica.blocks.seal()).toBe(4);
    expect(await allBlocks()).toMatchObject([
      { day: utcDay(4), auditEvents: 2, transactions: 0, transfers: 0 },
      { day: utcDay(3), auditEvents: 0, transactions: 1, transfers: 2, firstAuditId: null },
      { day: utcDay(2), auditEvents: 1 },
      { day: utcDay(1), auditEvents: 0, transactions: 0 },
    ]);
    expect(await replica.blocks.seal()).toBe(0);
    expect(await replica.blocks.verify()).toEqual({ blocks: 4, findings: [] });
  });

  it('leaves the day alone that is not over', async () => {
    expect(await replica.blocks.seal()).toBe(0);
    expect(await allBlocks()).toEqual([]);
  });

  it('makes each block once, however many replicas are at it', async () => {
    await history();
    const others = Array.from({ length: 4 }, () => openReplica(ledger.database));
    const sealed = await Promise.all([replica, ...others].map(({ blocks }) => blocks.seal()));
    await Promise.all(others.map(({ close }) => close()));
    expect(sealed.reduce((sum, count) => sum + count)).toBe(4);
    expect(await verify()).toEqual([]);
  });

  it('goes on where it was cut off', async () => {
    await history();
    const store = replica.blockStore;
    let left = 2;
    const dying = Object.assign(Object.create(store), {
      add: (block: AuditBlock) => {
        left -= 1;
        if (left < 0) throw new Error('killed');
        return store.add(block);
      },
    });
    await expect(new AuditBlocks(dying).seal()).rejects.toThrow('killed');
    expect(await allBlocks()).toHaveLength(2);
    expect(await replica.blocks.seal()).toBe(2);
    expect(await verify()).toEqual([]);
  });

  it('waits for what began before and has not even written yet', async () => {
    await makeOlder(ledger.admin, 1);
    const client = await ledger.admin.connect();
    await client.query('BEGIN');
    await client.query('SELECT now()');
    const sealing = replica.blocks.seal();
    // It is under way, and waits: nothing tells of a day before what is running has ended.
    await until(async () => (await running()) > 0);
    await client.query(
      `INSERT INTO audit_event (at, owner_id, action, subject)
       SELECT now() - interval '1 day', id, 'test', 'late' FROM owner WHERE kind = 'global'`,
    );
    expect(await allBlocks()).toEqual([]);
    await client.query('COMMIT');
    client.release();
    expect(await sealing).toBe(1);
    expect(await allBlocks()).toMatchObject([{ auditEvents: 1 }]);
    expect(await verify()).toEqual([]);
  });

  it('is not kept waiting by its own lock, which is no transaction', async () => {
    await makeOlder(ledger.admin, 1);
    expect(await replica.store.alone('day', () => replica.blocks.seal())).toBe(1);
  });
});

/** Sessions of the replica that look whether others have ended. */
async function running(): Promise<number> {
  const { rows } = await ledger.admin.query<{ count: string }>(
    "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%virtualtransaction%' AND datname = current_database() AND pid <> pg_backend_pid()",
  );
  return Number(rows[0]?.count);
}

describe('verifying', () => {
  it.each([
    ['a changed amount', 3, "UPDATE transfer SET amount = amount + 1 WHERE code = 'usage'"],
    ['a transfer to somebody else', 3, 'UPDATE transfer SET credit_account_id = debit_account_id'],
    ['a deleted transaction', 3, "DELETE FROM transaction WHERE kind = 'usage'"],
    ['a deleted line of the record', 4, "DELETE FROM audit_event WHERE subject = 'second'"],
    [
      'a changed line of the record',
      2,
      "UPDATE audit_event SET subject = 'x' WHERE subject = 'third'",
    ],
    [
      'a digit that no double holds',
      2,
      `UPDATE audit_event SET detail = '{"big": 12345678901234567891, "a": 1.0}' WHERE subject = 'third'`,
    ],
    ['a changed block', 3, `UPDATE audit_block SET transfers = 1 WHERE transfers > 0`],
    ['a line that was slipped in', 1, insertion(1)],
    ['a line older than all', 4, insertion(9)],
  ])('names the first block that differs by %s', async (_what, daysAgo, statement) => {
    await history();
    await replica.blocks.seal();
    await tamper(
      ledger.admin,
      statement.replaceAll(
        'credit_account_id = debit_account_id',
        'credit_account_id = (SELECT account_id FROM wallet LIMIT 1)',
      ),
    );
    expect(await firstNamed()).toBe(utcDay(daysAgo));
  });

  it('names a block that was taken out of the middle by the one after it', async () => {
    await history();
    await replica.blocks.seal();
    await tamper(ledger.admin, `DELETE FROM audit_block WHERE day = '${utcDay(3)}'`);
    expect(await firstNamed()).toBe(utcDay(2));
  });

  it('names what a hash that was kept elsewhere does not fit, and what is gone', async () => {
    await history();
    await replica.blocks.seal();
    const [, second, , last] = await allBlocks();
    if (!second || !last) throw new Error('no blocks');
    const known = [second, last].map(({ day, hash }) => ({ day, hash }));
    expect((await replica.blocks.verify(known)).findings).toEqual([]);
    // Somebody who may do everything changes the past and makes the whole chain anew.
    await tamper(ledger.admin, `UPDATE audit_event SET subject = 'x' WHERE subject = 'first'`);
    await tamper(ledger.admin, 'DELETE FROM audit_block');
    await replica.blocks.seal();
    expect(await verify()).toEqual([]);
    expect((await replica.blocks.verify(known)).findings[0]).toMatchObject({ subject: second.day });
    await tamper(ledger.admin, `DELETE FROM audit_block WHERE day = '${last.day}'`);
    expect((await replica.blocks.verify(known)).findings).toContainEqual(
      expect.objectContaining({ subject: last.day, detail: expect.stringContaining('is gone') }),
    );
  });
});

function insertion(days: number): string {
  return `INSERT INTO audit_event (at, owner_id, action, subject)
    SELECT now() - interval '${days} days', id, 'test', 'forged' FROM owner WHERE kind = 'global'`;
}

describe('the table', () => {
  it('takes no change from the service, no gap and no day that is not over', async () => {
    await history();
    await replica.blocks.seal();
    const { pool } = ledger;
    for (const change of [
      'UPDATE audit_block SET hash = hash',
      'DELETE FROM audit_block',
      'TRUNCATE audit_block',
    ]) {
      await expect(pool.query(change)).rejects.toThrow(/permission denied/);
      await expect(ledger.admin.query(change)).rejects.toThrow(/append-only/);
    }
    const add = (day: string, previous: string) =>
      pool.query(
        `INSERT INTO audit_block (day, audit_events, transactions, transfers, content_hash, previous_hash, hash)
         SELECT $1, 0, 0, 0, hash, $2, repeat('a', 64) FROM audit_block LIMIT 1`,
        [day, previous],
      );
    const last = (await allBlocks()).at(-1)?.hash ?? '';
    await expect(add(utcDay(0), last)).rejects.toThrow(/not over/);
    await expect(add(utcDay(-3), last)).rejects.toThrow(/not over/);
    await expect(add(utcDay(6), last)).rejects.toThrow(/does not follow/);
  });
});

it('streams a day that is longer than what is read at once', async () => {
  await makeOlder(ledger.admin, 1);
  await ledger.admin.query(
    `INSERT INTO audit_event (at, owner_id, action, subject)
     SELECT now() - interval '1 day', o.id, 'test', n::text FROM owner o, generate_series(1, 5000) n WHERE kind = 'global'`,
  );
  await replica.blocks.seal();
  expect(await allBlocks()).toMatchObject([{ auditEvents: 5_000 }]);
});

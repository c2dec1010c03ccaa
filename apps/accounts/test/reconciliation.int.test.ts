import { until } from '@aisbf/testkit';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Window } from '../src/domain/reconciliation.js';
import { LedgerChecks, Reconciliations } from '../src/services/reconciliations.js';
import { busyBuyer, type Owner, openLedger } from './ledger-bench.js';
import { dayMs, openReplica, tamper } from './reconciliation-bench.js';

let ledger: Awaited<ReturnType<typeof openLedger>>;
let replica: ReturnType<typeof openReplica>;
let buyer: Owner;

/** A little of everything, as in a quiet minute. */
beforeAll(async () => {
  ledger = await openLedger();
  replica = openReplica(ledger.database);
  buyer = await busyBuyer(ledger);
  await ledger.store.fold(2);
  await ledger.pool.query('SELECT fold_usage(1)');
});
afterAll(async () => {
  await replica.close();
  await ledger.close();
});

const aroundNow = (): Window => ({
  from: new Date(Date.now() - 3_600_000),
  to: new Date(Date.now() + 3_600_000),
});

/** What a job says while something is wrong, which is put right again afterwards. */
async function named(job: 'minute' | 'hour' | 'day', corruption: string, undo: string) {
  await tamper(ledger.admin, corruption);
  const { findings } = await replica.reconciliations.look(job, aroundNow());
  await tamper(ledger.admin, undo);
  return new Set(findings.map(({ violation }) => violation));
}

const usage = "(SELECT max(id) FROM transaction WHERE kind = 'usage')";

describe('a look', () => {
  it.each(['minute', 'hour', 'day'] as const)(
    'of a %s finds nothing wrong where nothing is',
    async (job) => {
      const { counts, findings } = await replica.reconciliations.look(job, aroundNow());
      expect(findings).toEqual([]);
      expect(counts).toMatchObject({ transactions: 4, receipts: 2 });
    },
  );

  it.each([
    [
      'wallet_posted',
      'UPDATE wallet SET posted = posted + 1 WHERE held > 0',
      'UPDATE wallet SET posted = posted - 1 WHERE held > 0',
    ],
    [
      'wallet_promo',
      'UPDATE wallet SET promo = promo + 1 WHERE held > 0',
      'UPDATE wallet SET promo = promo - 1 WHERE held > 0',
    ],
    [
      'wallet_held',
      'UPDATE wallet SET held = held + 1 WHERE held > 0',
      'UPDATE wallet SET held = held - 1 WHERE held > 0',
    ],
    [
      'sum_not_zero',
      'UPDATE account_balance SET balance = balance + 1',
      'UPDATE account_balance SET balance = balance - 1',
    ],
    [
      'token_load',
      'UPDATE token_load SET open = open + 1',
      'UPDATE token_load SET open = open - 1',
    ],
    ['budget_held', 'UPDATE budget SET held = held + 1', 'UPDATE budget SET held = held - 1'],
    [
      'hold_forgotten',
      "UPDATE hold SET expires_at = expires_at - interval '1 day'",
      "UPDATE hold SET expires_at = expires_at + interval '1 day'",
    ],
    [
      'lease_forgotten',
      "UPDATE lease SET expires_at = expires_at - interval '1 day'",
      "UPDATE lease SET expires_at = expires_at + interval '1 day'",
    ],
    [
      'seller_paid',
      "UPDATE transfer SET amount = amount + 1 WHERE code = 'usage'",
      "UPDATE transfer SET amount = amount - 1 WHERE code = 'usage'",
    ],
    [
      'usage_captured',
      `UPDATE transfer SET amount = amount + 1 WHERE transaction_id = ${usage}`,
      `UPDATE transfer SET amount = amount - 1 WHERE transaction_id = ${usage}`,
    ],
    [
      'fee_paid',
      "UPDATE transfer SET amount = amount + 1 WHERE code = 'fee'",
      "UPDATE transfer SET amount = amount - 1 WHERE code = 'fee'",
    ],
    [
      'fee',
      'UPDATE receipt SET fee = fee + 1 WHERE fee > 0',
      'UPDATE receipt SET fee = fee - 1 WHERE fee > 0',
    ],
    [
      'receipt_charge',
      'UPDATE receipt SET captured = captured - 1 WHERE captured > 0',
      'UPDATE receipt SET captured = captured + 1 WHERE captured > 0',
    ],
    [
      'receipt_moment',
      "UPDATE receipt SET resolved_at = resolved_at + interval '1 s'",
      "UPDATE receipt SET resolved_at = resolved_at - interval '1 s'",
    ],
    ['outbox_missing', 'UPDATE outbox SET id = -id', 'UPDATE outbox SET id = -id'],
    [
      'transaction_empty',
      'UPDATE transfer SET transaction_id = -transaction_id',
      'UPDATE transfer SET transaction_id = -transaction_id',
    ],
  ])('of a minute names %s', async (kind, corruption, undo) => {
    expect(await named('minute', corruption, undo)).toContain(kind);
    // Whatever a minute names, a day names too.
    expect(await named('day', corruption, undo)).toContain(kind);
  });

  it.each([
    [
      'balance_folded',
      'UPDATE account_balance SET balance = balance + 1',
      'UPDATE account_balance SET balance = balance - 1',
    ],
    [
      'day_folded',
      'UPDATE account_day SET credited = credited + 1',
      'UPDATE account_day SET credited = credited - 1',
    ],
    [
      'usage_sum',
      'UPDATE usage_day SET charged = charged + 1',
      'UPDATE usage_day SET charged = charged - 1',
    ],
    ['lease', 'UPDATE lease SET settled = settled + 1', 'UPDATE lease SET settled = settled - 1'],
    [
      'outbox_unpublished',
      "UPDATE outbox SET created_at = created_at - interval '2 hours'",
      "UPDATE outbox SET created_at = created_at + interval '2 hours'",
    ],
    [
      'wallet_held',
      'UPDATE wallet SET held = held + 1 WHERE held > 0',
      'UPDATE wallet SET held = held - 1 WHERE held > 0',
    ],
  ])('of an hour names %s', async (kind, corruption, undo) => {
    expect(await named('hour', corruption, undo)).toContain(kind);
    expect(await named('day', corruption, undo)).toContain(kind);
  });

  it('may take longer than a statement that a request waits for, but not for ever', async () => {
    const hasty = openReplica(ledger.database, {}, 300);
    const slow = 'SELECT pg_sleep(1)';
    await expect(hasty.checks.rows(slow)).rejects.toThrow(/statement timeout/);
    await expect(replica.checks.rows(slow)).resolves.toHaveLength(1);
    await hasty.close();
  });

  it('is cut off where its process leaves, and does not keep it', async () => {
    const leaving = openReplica(ledger.database);
    const looking = leaving.checks.rows('SELECT pg_sleep(60)');
    const failing = expect(looking).rejects.toThrow(/Connection terminated/);
    await until(async () => {
      const { rows } = await ledger.admin.query(
        "SELECT FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(60)' AND state = 'active'",
      );
      return rows.length > 0;
    });
    await leaving.close();
    await failing;
  });
});

/** Replicas whose clock says so much later than it is. */
function later(ms: number, of = replica) {
  const store = Object.assign(Object.create(of.store), {
    progress: async (job: 'minute') => {
      const { now, ...rest } = await of.store.progress(job);
      return { now: new Date(now.getTime() + ms), ...rest };
    },
  });
  return new Reconciliations(store, of.ledgerChecks, of.books, of.blocks, of.events);
}

const runs = (job: string) =>
  ledger.admin
    .query<{
      window_start: Date;
      window_end: Date;
      ended_at: Date | null;
      violations: number | null;
    }>('SELECT * FROM reconciliation WHERE job = $1 ORDER BY id', [job])
    .then(({ rows }) => rows);

describe('a job', () => {
  it('is done once, however many replicas want to', async () => {
    const others = Array.from({ length: 3 }, () => openReplica(ledger.database));
    const all = [replica, ...others].flatMap(({ reconciliations }) => [
      reconciliations,
      reconciliations,
    ]);
    const done = await Promise.all(all.map((each) => each.run('hour')));
    await Promise.all(others.map(({ close }) => close()));
    expect(done.filter(Boolean)).toHaveLength(1);
    expect(await runs('hour')).toMatchObject([{ violations: 0, ended_at: expect.any(Date) }]);
  });

  it('catches up with all that was missed', async () => {
    await replica.reconciliations.run('minute');
    expect(await later(600_000).run('minute')).toBe(true);
    expect(await later(600_000).run('minute')).toBe(false);
    const [first, second] = await runs('minute');
    expect(second?.window_start).toEqual(first?.window_end);
    expect(Number(second?.window_end) - Number(second?.window_start)).toBeGreaterThanOrEqual(
      600_000,
    );
  });

  it('that was cut off leaves its window to the next run', async () => {
    const dying = Object.assign(Object.create(LedgerChecks.prototype), {
      moved: async () => ({}),
      whole: () => Promise.reject(new Error('killed')),
    });
    const { store, books, blocks, events } = replica;
    const killed = new Reconciliations(store, dying, books, blocks, events);
    await expect(killed.run('day')).rejects.toThrow('killed');
    expect(await replica.reconciliations.run('day')).toBe(true);
    const [cut, whole] = await runs('day');
    expect(cut).toMatchObject({ ended_at: null, violations: null });
    expect(whole).toMatchObject({ ended_at: expect.any(Date), violations: 0 });
    expect(whole?.window_start).toEqual(cut?.window_start);
  });

  it('whose connection is ended in the middle counts nothing, and can be done again', async () => {
    const { store, ledgerChecks, books, blocks, events } = replica;
    const slow = Object.assign(Object.create(ledgerChecks), {
      minute: async (window: Window) => {
        // The lock's session: whoever looks from here on is alone as well.
        await ledger.admin.query(
          `SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND classid = 4711004
             AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
        );
        await until(() => later(1_800_000).run('minute'));
        return ledgerChecks.minute(window);
      },
    });
    const ahead = Object.assign(Object.create(store), {
      progress: async (job: 'minute') => {
        const { now, ...rest } = await store.progress(job);
        return { now: new Date(now.getTime() + 1_800_000), ...rest };
      },
    });
    const first = new Reconciliations(ahead, slow, books, blocks, events);
    await expect(first.run('minute')).rejects.toThrow(/terminat|Connection/i);
    const ended = (await runs('minute')).filter(({ ended_at }) => ended_at !== null);
    const starts = ended.map(({ window_start }) => window_start.getTime());
    expect(new Set(starts).size).toBe(starts.length);
  });

  it('that is repeated for a person tells what is found now, and moves no window', async () => {
    const window = aroundNow();
    const before = await store('day');
    await tamper(ledger.admin, 'UPDATE wallet SET posted = posted + 1 WHERE held > 0');
    expect((await replica.reconciliations.repeat('day', window))?.findings).toHaveLength(2);
    const [latest] = (await replica.store.latest()).filter(({ job }) => job === 'day');
    expect(latest?.findings).toContainEqual({
      violation: 'wallet_posted',
      subject: buyer.ownerId,
      detail: expect.stringContaining('transfers'),
    });
    expect(await store('day')).toEqual(before);
    await tamper(ledger.admin, 'UPDATE wallet SET posted = posted - 1 WHERE held > 0');
    await replica.reconciliations.repeat('day', {
      ...window,
      to: new Date(window.to.getTime() + dayMs),
    });
  });
});

const store = async (job: 'day') => (await replica.store.progress(job)).lastEnd;

describe('what was reconciled', () => {
  it('is not changed afterwards, by nobody', async () => {
    const change = 'UPDATE reconciliation SET violations = 0, window_end = now()';
    for (const pool of [ledger.pool, ledger.admin]) {
      await expect(pool.query(change)).rejects.toThrow(/not changed/);
    }
    await expect(ledger.pool.query('DELETE FROM reconciliation')).rejects.toThrow(/permission/);
    await expect(ledger.admin.query('DELETE FROM reconciliation')).rejects.toThrow(
      /violates|not changed/,
    );
    await expect(ledger.admin.query('TRUNCATE reconciliation CASCADE')).rejects.toThrow(
      /append-only/,
    );
    await expect(ledger.admin.query('UPDATE reconciliation_finding SET n = n')).rejects.toThrow(
      /append-only/,
    );
    await expect(ledger.admin.query('UPDATE ledger_account SET kind = kind')).rejects.toThrow(
      /append-only/,
    );
  });

  it('is listed with what was found, the latest first', async () => {
    const listed = await replica.store.list({ limit: 3, job: 'day' });
    expect(listed.map(({ isRepeat }) => isRepeat)).toEqual([true, true, false]);
    expect(listed[1]?.findings[0]).toMatchObject({ violation: expect.any(String) });
    const [first] = listed;
    expect(await replica.store.list({ limit: 1, job: 'day', before: first?.id })).toEqual([
      listed[1],
    ]);
  });
});

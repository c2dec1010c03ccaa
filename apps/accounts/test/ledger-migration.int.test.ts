import { randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UsageSettled } from '@aisbf/contracts';
import { nanos } from '@aisbf/money';
import { createDatabase, type TestDatabase } from '@aisbf/testkit';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Pool } from 'pg';
import { PgLedgerReader } from '../src/outbound/pg-ledger-reader.js';
import { LedgerBatches, PgLedgerStore } from '../src/outbound/pg-ledger-store.js';
import { authoriseBy, newRequestId, type Owner, settleOf, violationsOf } from './ledger-bench.js';

const folder = join(import.meta.dirname, '../../../prisma/accounts/migrations');
const first = '20261122000000_ledger';

const migration = (name: string) => readFile(join(folder, name, 'migration.sql'), 'utf8');

/** All that came after, in their order. */
const laterMigrations = async () =>
  (await readdir(folder)).filter((name) => /^\d/.test(name) && name > first).sort();

let database: TestDatabase;
let pool: Pool;
let reader: PgLedgerReader;
let buyer: Owner;
let seller: Owner;

/** A ledger as it was before, with a little of everything that can have happened in it. */
beforeAll(async () => {
  database = await createDatabase();
  const url = new URL(database.adminUrl);
  url.searchParams.set('options', '-csearch_path=earlier');
  pool = new Pool({ connectionString: url.href, max: 4 });
  reader = new PgLedgerReader(pool);
  await pool.query('CREATE SCHEMA earlier');
  await pool.query(await migration(first));
  [buyer, seller] = [await owner('buyer'), await owner('seller')];
  await happen();
});
afterAll(async () => {
  await pool.end();
  await database.drop();
});

async function owner(username: string): Promise<Owner> {
  const { rows } = await pool.query<Owner>(
    `WITH o AS (SELECT open_owner('user', $1) AS id),
       u AS (INSERT INTO app_user (owner_id, username, role) SELECT id, $1, 'member' FROM o RETURNING id, owner_id)
     INSERT INTO api_token (public_id, user_id, owner_id, name, secret_hash, scopes,
       requests_per_minute_max, tokens_per_minute_max, concurrency_max)
     SELECT $1, id, owner_id, 'test', '', '{inference}', 1000, 1000, 1000 FROM u
     RETURNING owner_id AS "ownerId", id AS "apiTokenId"`,
    [username],
  );
  return rows[0] as Owner;
}

const requests = {
  settled: newRequestId(),
  own: newRequestId(),
  released: newRequestId(),
  declined: newRequestId(),
  fenced: newRequestId(),
  open: newRequestId(),
};
const grantId = randomUUID();

const terms = (sellerOwnerId: string) => {
  const [entry] = authoriseBy(buyer, seller).terms;
  return JSON.stringify([{ ...entry, sellerOwnerId }]);
};

async function hold(id: string, amount: number, expiry = '1 hour', by = seller): Promise<void> {
  await pool.query(
    `SELECT authorise($1, $2, $3, $4, 'hash', 'rotation/test', true, $5, '[]', now() + $6::interval, 100)`,
    [id, buyer.ownerId, buyer.apiTokenId, amount, terms(by.ownerId), expiry],
  );
}

async function end(
  id: string,
  outcome: string,
  charge: number,
  fee: number,
  position: number | null,
) {
  const event = {
    ...{ type: 'usage-settled', requestId: id, ownerId: buyer.ownerId, outcome, atMs: 1 },
    ...{ apiTokenId: buyer.apiTokenId, sellerOwnerId: null, providerId: null, model: null },
    ...{ charge: String(charge), fee: String(fee), promptTokens: 100, completionTokens: 200 },
  };
  const attempt = {
    ...{ n: 0, position: 0, session_id: 's', session_epoch: 1, result: 'served', reason: null },
    ...{ started_at: 'now', first_byte_at: 'now', ended_at: 'now', http_status: 200 },
  };
  await pool.query(
    `SELECT settle($1, 1, $2, $3, $4, $5, $6, 100, 200, 99, 199, 'stop', now(), now(), now(), $7, 'subject', $8, '{}')`,
    [
      ...[id, outcome, charge, fee, seller.ownerId, position],
      ...[JSON.stringify(position === null ? [] : [attempt]), JSON.stringify(event)],
    ],
  );
}

async function happen(): Promise<void> {
  await pool.query(`SELECT grant_credit($1, $2, 10000, 'a gift')`, [grantId, buyer.ownerId]);
  await hold(requests.settled, 1000);
  await end(requests.settled, 'completed', 300, 15, 0);
  await pool.query('UPDATE outbox SET published_at = now()');
  await hold(requests.own, 0, '1 hour', buyer);
  await end(requests.own, 'completed', 0, 0, 0);
  await hold(requests.released, 1000);
  await end(requests.released, 'seller_failed', 0, 0, null);
  await hold(requests.declined, 1_000_000);
  await hold(requests.fenced, 1000, '-1 second');
  await pool.query("SELECT reap_expired_holds(10, 'subject')");
  await end(requests.fenced, 'completed', 300, 15, 0);
  await hold(requests.open, 700);
}

const sums = async () => {
  const wallets = await pool.query('SELECT owner_id, posted, held FROM wallet ORDER BY 1');
  const balances = await pool.query(
    'SELECT kind, owner_id, balance::text FROM ledger_balance WHERE balance <> 0 ORDER BY 1, 2',
  );
  return { wallets: wallets.rows, balances: balances.rows };
};

describe('the migration to batches', () => {
  it('keeps every nano-dollar where it was, and every request what it was', async () => {
    expect((await pool.query('SELECT * FROM ledger_violations')).rows).toEqual([]);
    const before = await sums();

    // As they are applied: all of it, or nothing.
    for (const name of await laterMigrations()) {
      await pool.query(`BEGIN; ${await migration(name)}; COMMIT`);
    }

    expect(await sums()).toEqual(before);
    expect(await violationsOf(pool)).toEqual([]);
    const receipt = (id: string) => reader.receipt(buyer.ownerId, id);
    expect(await receipt(requests.settled)).toMatchObject({
      ...{ state: 'settled', outcome: 'completed', amount: 1000n, captured: 300n },
      units: { prompt_token: 100, completion_token: 200, request: 1 },
      reported: { promptTokens: 99, completionTokens: 199 },
      attempts: [{ position: 0, sessionId: 's', result: 'served', httpStatus: 200 }],
    });
    expect(await receipt(requests.own)).toMatchObject({ state: 'settled', captured: 0n });
    expect(await receipt(requests.released)).toMatchObject({ state: 'released', units: {} });
    expect(await receipt(requests.fenced)).toMatchObject({ state: 'released', outcome: 'expired' });
    expect(await receipt(requests.open)).toMatchObject({ state: 'open', amount: 700n });
    expect(await receipt(requests.declined)).toBeUndefined();
    const { rows } = await pool.query('SELECT hold_id, epoch FROM fenced_settlement');
    expect(rows).toEqual([{ hold_id: requests.fenced, epoch: 1 }]);
  });

  it('leaves events to publish that whoever hears them can read', async () => {
    const { rows } = await pool.query<{ payload: unknown }>(
      'SELECT payload FROM outbox WHERE published_at IS NULL ORDER BY id',
    );
    const usages = rows.flatMap(({ payload }) => UsageSettled.parse(payload).usages);
    expect(usages).toMatchObject([
      { requestId: requests.own, hold: '0', leaseId: null },
      { requestId: requests.released, hold: '1000', charge: '0', outcome: 'seller_failed' },
      { requestId: requests.fenced, hold: '1000', outcome: 'expired' },
    ]);
  });

  it('goes on from there: what was open settles, what was done is done, and new requests are paid', async () => {
    const store = new PgLedgerStore(pool, new LedgerBatches({ lanesMax: 2, itemsMax: 100 }));
    const grant = { grantId, ownerId: buyer.ownerId, reason: 'a gift' };
    expect(await store.grant({ ...grant, amount: nanos(10_000n) }, [])).toBe('replay');
    expect(await store.grant({ ...grant, amount: nanos(9n) }, [])).toBe('parameters_differ');
    const charge = { outcome: 'completed' as const, served: undefined, cost: nanos(0n), feeBps: 0 };
    const endOf = async (id: string) => {
      const request = { ...authoriseBy(buyer, seller), requestId: id };
      const outcome = { outcome: 'not_served', servedPosition: null } as const;
      const command = settleOf(request, outcome);
      const ending = { command, leased: undefined, charge: { ...charge, ...outcome } };
      return (await store.settle(ending)).result;
    };
    expect(await endOf(requests.settled)).toBe('replay');
    expect(await endOf(requests.fenced)).toBe('fenced');
    expect(await endOf(requests.declined)).toBe('declined');
    expect(await endOf(requests.open)).toBe('released');
    const next = authoriseBy(buyer, seller);
    expect(await store.authorise(next, false)).toMatchObject({ isReplay: false });
    expect(await endOf(next.requestId)).toBe('released');
    await store.fold(100);
    expect(await reader.wallet(buyer.ownerId)).toMatchObject({ posted: 9700n, held: 0n });
    expect(await reader.wallet(seller.ownerId)).toMatchObject({ earned: 285n });
    expect(await violationsOf(pool)).toEqual([]);
  });
});

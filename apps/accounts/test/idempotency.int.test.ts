import { createHash } from 'node:crypto';
import type { Authorise, FoundAnswer, Settle } from '@aisbf/contracts';
import { until } from '@aisbf/testkit';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { PgIdempotencyStore } from '../src/outbound/pg-idempotency-store.js';
import { toKeyedItem } from '../src/outbound/pg-ledger-item.js';
import { LedgerBatches, PgLedgerStore } from '../src/outbound/pg-ledger-store.js';
import { Idempotency } from '../src/services/idempotency.js';
import type { Identity } from '../src/services/identity.js';
import { authoriseBy, newRequestId, type Owner, openLedger, settleOf } from './ledger-bench.js';

let ledger: Awaited<ReturnType<typeof openLedger>>;
let idempotency: Idempotency;
let buyer: Owner;
let seller: Owner;
let count = 0;
let key: string;

const hashOf = (body: string) => createHash('sha256').update(body).digest('hex');

beforeAll(async () => {
  ledger = await openLedger({ connections: 32 });
  seller = await ledger.owner();
  // Every token here is an owner's id.
  const identity = { require: async (apiToken: string) => ({ ownerId: apiToken }) };
  idempotency = new Idempotency(
    new PgIdempotencyStore(ledger.pool),
    identity as unknown as Identity,
  );
});
beforeEach(async () => {
  buyer = await ledger.richOwner(1_000_000n);
  count += 1;
  key = `key ${count}`;
});
afterEach(async () => {
  expect(await ledger.violations()).toEqual([]);
});
afterAll(() => ledger.close());

const keyed = (body = 'one', change: Partial<Authorise> = {}, by = buyer): Authorise =>
  authoriseBy(by, seller, { idempotency: { key, bodyHash: hashOf(body) }, ...change });

const authorise = (command: Authorise) => ledger.store.authorise(command, false);

/** Runs one request to its end. */
async function serve(command: Authorise, change: Partial<Settle> = {}): Promise<void> {
  expect(await authorise(command)).toMatchObject({ requestId: command.requestId });
  await ledger.settlement.settle(settleOf(command, change));
}

const find = (body = 'one', by = buyer): Promise<FoundAnswer> =>
  idempotency.find({
    ...{ type: 'find-answer', apiToken: by.ownerId, pathUsername: null, clientAddress: null },
    ...{ key, bodyHash: hashOf(body) },
  });

const running = { declined: 'idempotency_key_running' };
const reused = { declined: 'idempotency_key_reused' };

describe('an idempotency key', () => {
  it('stands for its request while that runs, and when it has ended', async () => {
    expect(await find()).toEqual({ state: 'unknown' });
    const first = keyed();
    expect(await authorise(first)).toMatchObject({ isReplay: false });
    expect(await find()).toEqual({ state: 'running' });
    expect(await find('another')).toEqual({ state: 'reused' });
    expect(await authorise(keyed())).toEqual(running);
    expect(await authorise(keyed('another'))).toEqual(reused);

    await ledger.settlement.settle(settleOf(first));
    expect(await find()).toEqual({ state: 'ended', requestId: first.requestId, answer: null });
    expect(await authorise(keyed())).toEqual(running);
    expect(await authorise(keyed('another'))).toEqual(reused);
    const { rows } = await ledger.pool.query<{ id: string }>(
      'SELECT id FROM receipt WHERE owner_id = $1 UNION ALL SELECT id FROM hold WHERE owner_id = $1',
      [buyer.ownerId],
    );
    expect(rows).toEqual([{ id: first.requestId }]);
  });

  it('says the same to a router that asks twice, as it does without a key', async () => {
    const first = keyed();
    expect(await authorise(first)).toMatchObject({ isReplay: false });
    expect(await authorise(first)).toMatchObject({ isReplay: true });
    await ledger.settlement.settle(settleOf(first));
    expect(await authorise(first)).toMatchObject({ isReplay: true });
  });

  it("is each owner's own", async () => {
    await serve(keyed());
    const other = await ledger.richOwner(1_000_000n);
    expect(await find('one', other)).toEqual({ state: 'unknown' });
    await serve(keyed('another', {}, other));
  });

  it('keeps the answer of its request, as the bytes that they are', async () => {
    const first = keyed();
    await serve(first);
    const answer = Buffer.from([0, 1, 255]).toString('base64');
    await idempotency.keep({ type: 'keep-answer', requestId: first.requestId, answer });
    await idempotency.keep({ type: 'keep-answer', requestId: newRequestId(), answer });
    expect(await find()).toEqual({ state: 'ended', requestId: first.requestId, answer });
  });

  it.each(['seller_failed', 'not_served'] as const)('is free again after %s', async (outcome) => {
    await serve(keyed(), { outcome, servedPosition: null, units: {} });
    expect(await find()).toEqual({ state: 'unknown' });
    // It may as well stand for something else.
    await serve(keyed('another'));
    expect(await find()).toEqual({ state: 'reused' });
  });

  it('is free again after a refusal, and after a hold that nobody settled', async () => {
    expect(await authorise(keyed('one', { amount: '2000000' }))).toEqual({
      declined: 'insufficient_balance',
    });
    expect(await find()).toEqual({ state: 'unknown' });
    const lost = keyed('one', { expiresAtMs: Date.now() - 1 });
    await authorise(lost);
    expect(await ledger.store.reapExpired(1_000)).toContain(lost.requestId);
    await serve(keyed());
    // What comes late charges nobody, and changes nothing of who has the key.
    expect((await ledger.settlement.settle(settleOf(lost))).result).toBe('fenced');
    expect(await find()).toMatchObject({ state: 'ended' });
  });

  it('is forgotten when its time is over, with the answer', async () => {
    await serve(keyed());
    await ledger.admin.query('UPDATE idempotency_key SET expires_at = now() WHERE key = $1', [key]);
    expect(await find()).toEqual({ state: 'unknown' });
    const next = keyed('another');
    await serve(next);
    expect(await find('another')).toMatchObject({ state: 'ended', requestId: next.requestId });
    await ledger.admin.query('UPDATE idempotency_key SET expires_at = now() WHERE key = $1', [key]);
    await idempotency.purge();
    const { rows } = await ledger.admin.query('SELECT FROM idempotency_key WHERE key = $1', [key]);
    expect(rows).toEqual([]);
  });

  it('is not taken from a request that runs, however old it is', async () => {
    await authorise(keyed());
    await ledger.admin.query('UPDATE idempotency_key SET expires_at = now() WHERE key = $1', [key]);
    expect(await authorise(keyed())).toEqual(running);
  });
});

describe('racing duplicates', () => {
  it.each([
    ['new', false],
    ['free again', true],
  ])(
    'run once under a key that is %s, in one batch or over several replicas',
    async (kind, isFreed) => {
      const batches = new LedgerBatches({ lanesMax: 4, itemsMax: 100 });
      const replicas = [ledger.store, new PgLedgerStore(ledger.pool, batches)];
      for (let round = 0; round < 20; round += 1) {
        key = `race ${kind} ${round}`;
        if (isFreed)
          await serve(keyed(), { outcome: 'not_served', servedPosition: null, units: {} });
        const answers = await Promise.all(
          Array.from({ length: 12 }, (_, n) => replicas[n % 2]?.authorise(keyed(), false)),
        );
        expect(answers.filter((answer) => answer && 'isReplay' in answer)).toHaveLength(1);
        expect(answers.filter((answer) => answer && 'declined' in answer)).toEqual(
          Array(11).fill(running),
        );
      }
    },
  );

  it('run once where the second comes while the first is not yet committed', async () => {
    await serve(keyed(), { outcome: 'not_served', servedPosition: null, units: {} });
    const client = await ledger.pool.connect();
    try {
      const item = toKeyedItem({ command: keyed(), mayRecall: false }, 0, Date.now() + 60_000);
      await client.query('BEGIN');
      await client.query('SELECT authorise_keyed($1)', [JSON.stringify([item])]);
      const second = authorise(keyed());
      await until(async () => {
        const { rows } = await ledger.admin.query(
          "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%authorise_keyed%'",
        );
        return rows.length > 0;
      });
      await client.query('COMMIT');
      expect(await second).toEqual(running);
    } finally {
      client.release();
    }
  });

  it('do not wait for each other for ever, whatever keys and owners they have', async () => {
    const owners = [buyer, await ledger.richOwner(1_000_000n), await ledger.richOwner(1_000_000n)];
    const one = fc.record({ owner: fc.nat(2), key: fc.nat(3), body: fc.nat(1) });
    const run = fc.asyncProperty(fc.array(one, { minLength: 1, maxLength: 24 }), async (all) => {
      count += 1;
      const commands = all.map(({ owner, key: n, body }) => {
        key = `storm ${count} ${n}`;
        return keyed(String(body), { amount: '1' }, owners[owner] ?? buyer);
      });
      const answers = await Promise.all(commands.map(authorise));
      const places = new Set(all.map(({ owner, key: n }) => `${owner} ${n}`));
      const held = commands.filter((_, index) => !('declined' in (answers[index] ?? {})));
      expect(held).toHaveLength(places.size);
      await Promise.all(held.map((command) => ledger.settlement.settle(settleOf(command))));
    });
    await fc.assert(run, { numRuns: 25 });
  });
});

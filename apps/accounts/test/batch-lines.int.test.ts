import { randomBytes, randomUUID } from 'node:crypto';
import type { Authorise, BatchLine, LineReport, LineResult } from '@aisbf/contracts';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { PgBatchLineStore } from '../src/outbound/pg-batch-line-store.js';
import { LineRecords } from '../src/services/line-records.js';
import { authoriseBy, type Owner, openLedger, SilentEvents, settleOf } from './ledger-bench.js';

let ledger: Awaited<ReturnType<typeof openLedger>>;
let lines: PgBatchLineStore;
let records: LineRecords;
let buyer: Owner;
let seller: Owner;
let batchId: string;

const filled = 10_000n;
const costOfLine = 300n;
const claimMs = 60_000;
const [one, other] = [randomUUID(), randomUUID()];

beforeAll(async () => {
  ledger = await openLedger({ connections: 16 });
  lines = new PgBatchLineStore(ledger.pool);
  records = new LineRecords(lines, ledger.settlement, new SilentEvents());
  seller = await ledger.owner();
});
beforeEach(async () => {
  buyer = await ledger.richOwner(filled);
  batchId = await batchOf(2);
});
afterEach(async () => {
  expect(await ledger.violations()).toEqual([]);
});
afterAll(() => ledger.close());

/** One that runs, claimed by `one`. */
async function batchOf(count: number): Promise<string> {
  const id = `batch_${randomBytes(16).toString('hex')}`;
  await ledger.admin.query(
    `INSERT INTO batch (id, owner_id, endpoint, input_file_id, status, output_ttl_s, total, expires_at, key_id,
       wrapped_key, claimed_by, claimed_until)
     VALUES ($1, $2, '/v1/chat/completions', 'file-none', 'in_progress', 3600, $3, clock_timestamp() + '1 hour', 'key',
       '', $4, clock_timestamp() + '1 hour')`,
    [id, buyer.ownerId, count, one],
  );
  await lines.add({
    ...{ type: 'add-batch-lines', batchId: id, runnerId: one, claimMs },
    lines: Array.from({ length: count }, (_, n) => ({ position: n + 1, offset: n * 9, length: 9 })),
  });
  return id;
}

async function take(runnerId: string, change: object = {}): Promise<readonly BatchLine[]> {
  const taken = await lines.take({
    ...{ type: 'take-batch-lines', batchId, runnerId, claimMs },
    ...{ limit: 1, running: [], isClosing: false, ...change },
  });
  return taken.lines;
}

async function takeOne(runnerId = one): Promise<BatchLine> {
  const [line] = await take(runnerId);
  if (!line) throw new Error('there is no line to take');
  return line;
}

const takeOver = () =>
  ledger.admin.query('UPDATE batch SET claimed_by = $2 WHERE id = $1', [batchId, other]);

/** Money is held for it, as its gateway has it. */
async function admitted({ requestId }: BatchLine): Promise<Authorise> {
  const hold = { ...authoriseBy(buyer, seller), requestId };
  await ledger.store.authorise(hold, false);
  return hold;
}

const reportOf = (hold: Authorise, change = {}): LineReport => ({
  settlement: settleOf(hold, change),
  sealed: Buffer.from(`of ${hold.requestId}`),
});

const record = (
  { position, requestId }: BatchLine,
  report: LineReport,
  result: LineResult = 'output',
) => records.record({ id: batchId, position }, { result, requestId }, report);

const walletOf = () => ledger.reader.wallet(buyer.ownerId);

async function kept() {
  const { rows } = await ledger.admin.query<{ result: string | null; outcome: Buffer | null }>(
    'SELECT result, outcome FROM batch_line WHERE batch_id = $1 ORDER BY position',
    [batchId],
  );
  return rows.map(({ result, outcome }) => [result, outcome?.toString() ?? null]);
}

describe('the outcome of a line', () => {
  it('is kept and paid for together, once, however often it is told', async () => {
    const line = await takeOne();
    const hold = await admitted(line);
    const told = await Promise.all([1, 2, 3].map(() => record(line, reportOf(hold))));
    expect(told).toEqual([true, true, true]);
    expect(await walletOf()).toMatchObject({ posted: filled - costOfLine, held: 0n });
    expect(await kept()).toEqual([
      ['output', `of ${line.requestId}`],
      [null, null],
    ]);
    const { rows } = await ledger.admin.query('SELECT completed, failed FROM batch WHERE id = $1', [
      batchId,
    ]);
    expect(rows).toEqual([{ completed: 1, failed: 0 }]);
  });

  it('is neither kept nor paid for once somebody else has the line, who waits for nothing', async () => {
    const first = await takeOne();
    const hold = await admitted(first);
    await takeOver();
    const second = await takeOne(other);
    expect(second).toMatchObject({ position: first.position });
    expect(second.requestId).not.toBe(first.requestId);
    expect(await walletOf()).toMatchObject({ posted: filled, held: 0n });
    expect(await record(first, reportOf(hold))).toBe(false);
    const again = await admitted(second);
    expect(await record(second, reportOf(again))).toBe(true);
    expect(await record(first, reportOf(hold))).toBe(false);
    expect((await kept())[0]).toEqual(['output', `of ${second.requestId}`]);
    expect(await walletOf()).toMatchObject({ posted: filled - costOfLine, held: 0n });
  });

  it('is nobody’s where its money comes only after it was taken over', async () => {
    const line = await takeOne();
    await takeOver();
    await take(other);
    const hold = { ...authoriseBy(buyer, seller), requestId: line.requestId };
    expect(await ledger.store.authorise(hold, false)).toEqual({ declined: 'request_withdrawn' });
    expect(await walletOf()).toMatchObject({ posted: filled, held: 0n });
  });

  it('is not kept where its money was given back before', async () => {
    const line = await takeOne();
    const hold = await admitted(line);
    await ledger.admin.query('UPDATE hold SET expires_at = clock_timestamp() WHERE id = $1', [
      line.requestId,
    ]);
    await ledger.store.reapExpired(10);
    expect(await record(line, reportOf(hold))).toBe(false);
    expect(await kept()).toEqual([
      [null, null],
      [null, null],
    ]);
    expect(await walletOf()).toMatchObject({ posted: filled, held: 0n });
    expect(await takeOne()).toMatchObject({ position: line.position });
  });

  it('gives back what was held where it is an error, and is refused where that would cost something', async () => {
    const line = await takeOne();
    const hold = await admitted(line);
    await expect(record(line, reportOf(hold), 'error')).rejects.toMatchObject({
      code: 'SETTLEMENT_INVALID',
    });
    const unserved = { outcome: 'not_served', servedPosition: null, units: {} };
    expect(await record(line, reportOf(hold, unserved), 'error')).toBe(true);
    expect(await walletOf()).toMatchObject({ posted: filled, held: 0n });
  });

  it('is refused where it is settled by no request, or by another', async () => {
    const line = await takeOne();
    const hold = await admitted(line);
    const { sealed } = reportOf(hold);
    for (const report of [
      { settlement: null, sealed },
      reportOf({ ...hold, requestId: `req_${'0'.repeat(32)}` }),
    ]) {
      await expect(record(line, report)).rejects.toMatchObject({ code: 'SETTLEMENT_INVALID' });
    }
    expect((await kept())[0]).toEqual([null, null]);
  });
});

describe('taking lines', () => {
  it('is for whoever holds the claim, and not once the batch is cancelled or its time is over', async () => {
    expect(await take(other)).toEqual([]);
    for (const end of ["status = 'cancelling'", 'expires_at = clock_timestamp()']) {
      batchId = await batchOf(1);
      await ledger.admin.query(`UPDATE batch SET ${end} WHERE id = $1`, [batchId]);
      expect(await take(one)).toEqual([]);
      expect(await take(one, { isClosing: true })).toHaveLength(1);
    }
  });

  it('makes each go a request that tells of its batch, and of which no other has the id', async () => {
    const ids = new Set<string>();
    for (const running of [[], [], [1]]) {
      const [line] = await take(one, { running });
      expect(line?.requestId.slice(4, 24)).toBe(batchId.slice(6, 26));
      ids.add(line?.requestId ?? '');
    }
    expect(ids.size).toBe(3);
  });

  it('to close them ends what is held for them', async () => {
    await admitted(await takeOne());
    const closing = await take(one, { limit: 9, isClosing: true });
    expect(closing.map(({ position }) => position)).toEqual([1, 2]);
    expect(await walletOf()).toMatchObject({ posted: filled, held: 0n });
  });

  it('and telling of them in any order never charges a line twice, and never one without an outcome', async () => {
    batchId = await batchOf(8);
    const goes = async () => {
      for (let round = 0; round < 6; round += 1) {
        const [line] = await take(one, { limit: 1, running: [1 + (round % 8)] });
        if (!line) return;
        const hold = { ...authoriseBy(buyer, seller), requestId: line.requestId };
        const answer = await ledger.store.authorise(hold, false);
        if (!('declined' in answer)) await record(line, reportOf(hold));
      }
    };
    await Promise.all([goes(), goes(), goes(), goes()]);
    const outputs = (await kept()).filter(([result]) => result === 'output');
    expect((await walletOf()).posted).toBe(filled - BigInt(outputs.length) * costOfLine);
    const open = await take(one, { limit: 9 });
    expect(open).toHaveLength(8 - outputs.length);
    expect((await walletOf()).held).toBe(0n);
  });
});

import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { PgBatchLineStore } from '../src/outbound/pg-batch-line-store.js';
import { PgBatchStore } from '../src/outbound/pg-batch-store.js';
import { BatchDesk, BatchPatience } from '../src/services/batch-desk.js';
import { authoriseBy, type Owner, openLedger, settleOf } from './ledger-bench.js';

let ledger: Awaited<ReturnType<typeof openLedger>>;
let seller: Owner;
let buyer: Owner;
let lines: PgBatchLineStore;

/** What a request of these tests costs. */
const cost = 300n;
const wealth = 1_000_000n;
const claimMs = 60_000;

beforeAll(async () => {
  ledger = await openLedger();
  seller = await ledger.owner();
  lines = new PgBatchLineStore(ledger.pool);
});
afterEach(async () => {
  expect(await ledger.violations()).toEqual([]);
});
afterAll(() => ledger.close());

const deskOf = (settleMsMax: number) =>
  new BatchDesk(
    new PgBatchStore(ledger.pool),
    lines,
    ledger.withdrawal,
    new BatchPatience(settleMsMax),
  );

/** A batch of so many lines, of a buyer of its own. */
async function batchOf(count: number): Promise<string> {
  buyer = await ledger.richOwner(wealth);
  const batchId = `batch_${randomBytes(16).toString('hex')}`;
  await ledger.admin.query(
    `INSERT INTO batch (id, owner_id, endpoint, input_file_id, output_ttl_s, expires_at, key_id, wrapped_key, status, total)
     VALUES ($1, $2, '/v1/chat/completions', 'file', 1, now() + interval '1 day', 'key', '', 'in_progress', $3)`,
    [batchId, buyer.ownerId, count],
  );
  await ledger.admin.query(
    `INSERT INTO batch_line (batch_id, position, byte_offset, byte_length)
     SELECT $1, n, 0, 1 FROM generate_series(1, $2::integer) n`,
    [batchId, count],
  );
  return batchId;
}

/** Somebody who works on a batch from now on; whoever did before does not any more. */
async function runnerOf(batchId: string, settleMsMax = 60_000) {
  const runnerId = randomUUID();
  await ledger.admin.query('UPDATE batch SET claimed_by = $2 WHERE id = $1', [batchId, runnerId]);
  const desk = deskOf(settleMsMax);
  const take = (limit: number, running: readonly number[] = []) =>
    desk.take({
      ...{ type: 'take-batch-lines', batchId, runnerId, claimMs, limit },
      ...{ running: [...running], isClosing: false },
    });
  return { take };
}

const authorise = (requestId: string) =>
  ledger.store.authorise(authoriseBy(buyer, seller, { requestId }), false);
const keep = (batchId: string, position: number, requestId: string) =>
  lines.record({ id: batchId, position }, { result: 'output', requestId }, Buffer.from('sealed'));
const settle = (requestId: string) =>
  ledger.settlement.settle(settleOf(authoriseBy(buyer, seller, { requestId })));

const settledOf = async (batchId: string) => {
  const { rows } = await ledger.admin.query<{ id: string }>(
    `SELECT id FROM receipt WHERE state = 'settled' AND id LIKE 'req_' || substr($1, 7, 20) || '%'`,
    [batchId],
  );
  return rows.map(({ id }) => id);
};
const answeredOf = async (batchId: string) => {
  const { rows } = await ledger.admin.query<{ request_id: string }>(
    `SELECT request_id FROM batch_line WHERE batch_id = $1 AND result = 'output'`,
    [batchId],
  );
  return rows.map(({ request_id }) => request_id);
};
const spent = async () => wealth - (await ledger.reader.wallet(buyer.ownerId)).posted;
const held = async () => (await ledger.reader.wallet(buyer.ownerId)).held;

/** A line that is run: its money is held, its answer kept, its bill settled, one step after another. */
type Run = { position: number; requestId: string; steps: number };

/** Gateways that run the lines of a batch in any order, and may be dead, or seem so, at any moment. */
class MortalRunners {
  private readonly mine: Run[] = [];
  private readonly dead: Run[] = [];

  constructor(
    private readonly batchId: string,
    private runner: Awaited<ReturnType<typeof runnerOf>>,
  ) {}

  async take(): Promise<void> {
    const running = this.mine.filter(({ steps }) => steps < 3).map(({ position }) => position);
    const { lines: taken } = await this.runner.take(2, running);
    this.mine.push(...taken.map((line) => ({ ...line, steps: 0 })));
  }

  step(which: number): Promise<void> {
    return this.goOn(this.mine[which % this.mine.length]);
  }

  /** It was only slow. */
  wakeDead(which: number): Promise<void> {
    return this.goOn(this.dead[which % this.dead.length]);
  }

  async die(): Promise<void> {
    await this.leave(60_000);
  }

  /** So late that what it has kept is not waited for any more. */
  async dieLate(): Promise<void> {
    await this.leave(0);
  }

  async isOpen(): Promise<boolean> {
    return (await this.runner.take(0)).openCount > 0;
  }

  async finish(): Promise<void> {
    for (const run of [...this.mine, ...this.dead]) while (run.steps < 3) await this.goOn(run);
  }

  private async leave(settleMsMax: number): Promise<void> {
    this.dead.push(...this.mine.splice(0));
    this.runner = await runnerOf(this.batchId, settleMsMax);
  }

  private async goOn(run: Run | undefined): Promise<void> {
    if (!run || run.steps >= 3) return;
    run.steps += 1;
    const { position, requestId } = run;
    if (run.steps === 1) await authorise(requestId);
    else if (run.steps === 3) await settle(requestId);
    else if (!(await keep(this.batchId, position, requestId))) run.steps = 3;
  }
}

describe('a line of a batch', () => {
  it('has its answer once that is paid for', async () => {
    const batchId = await batchOf(1);
    const runner = await runnerOf(batchId);
    const [line] = (await runner.take(1)).lines;
    const requestId = line?.requestId ?? '';
    await authorise(requestId);
    expect(await keep(batchId, 1, requestId)).toBe(true);
    expect(await runner.take(1)).toMatchObject({ lines: [], openCount: 1, unpaidCount: 1 });
    await settle(requestId);
    expect(await runner.take(1)).toMatchObject({ lines: [], openCount: 0, unpaidCount: 0 });
    expect(await answeredOf(batchId)).toEqual([requestId]);
    expect(await spent()).toBe(cost);
  });

  it('is given to whoever comes next, at once, and its first request is nobody’s any more', async () => {
    const batchId = await batchOf(1);
    const [first] = (await (await runnerOf(batchId)).take(1)).lines;
    const before = first?.requestId ?? '';
    await authorise(before);
    expect(await held()).toBeGreaterThan(0n);

    const [second] = (await (await runnerOf(batchId)).take(1)).lines;
    const after = second?.requestId ?? '';
    expect(after).not.toBe(before);
    expect(await held()).toBe(0n);
    // Whoever ran it before is not dead, only late.
    expect(await keep(batchId, 1, before)).toBe(false);
    await settle(before);
    await expect(authorise(before)).resolves.toMatchObject({ declined: 'request_withdrawn' });
    expect(await spent()).toBe(0n);
    await authorise(after);
    expect(await keep(batchId, 1, after)).toBe(true);
    await settle(after);
    await (await runnerOf(batchId)).take(1);
    expect(await answeredOf(batchId)).toEqual([after]);
    expect(await spent()).toBe(cost);
  });

  it('waits with a kept answer for its settlement, and runs anew where that does not come', async () => {
    const batchId = await batchOf(1);
    const [first] = (await (await runnerOf(batchId)).take(1)).lines;
    const before = first?.requestId ?? '';
    await authorise(before);
    await keep(batchId, 1, before);
    expect(await (await runnerOf(batchId)).take(1)).toMatchObject({ lines: [], unpaidCount: 1 });
    const impatient = await runnerOf(batchId, 0);
    const [second] = (await impatient.take(1)).lines;
    expect(second?.requestId).not.toBe(before);
    await settle(before);
    expect(await answeredOf(batchId)).toEqual([]);
    expect(await spent()).toBe(0n);
  });

  it('keeps an answer that was settled just before somebody gave up on it', async () => {
    const batchId = await batchOf(1);
    const [first] = (await (await runnerOf(batchId)).take(1)).lines;
    const requestId = first?.requestId ?? '';
    await authorise(requestId);
    await keep(batchId, 1, requestId);
    await settle(requestId);
    expect((await (await runnerOf(batchId, 0)).take(1)).lines).toEqual([]);
    expect(await answeredOf(batchId)).toEqual([requestId]);
  });

  it('is not taken from whoever says that it is under way', async () => {
    const batchId = await batchOf(2);
    const runner = await runnerOf(batchId);
    const [first] = (await runner.take(1)).lines;
    await authorise(first?.requestId ?? '');
    const { lines: others } = await runner.take(5, [1]);
    expect(others.map(({ position }) => position)).toEqual([2]);
    expect(await keep(batchId, 1, first?.requestId ?? '')).toBe(true);
  });

  it('is answered exactly where it is paid for, whoever dies at whatever moment', async () => {
    const script = fc.array(
      fc.record({
        what: fc.constantFrom('take', 'step', 'step', 'step', 'die', 'wakeDead', 'dieLate'),
        which: fc.nat(20),
      }),
      { minLength: 5, maxLength: 60 },
    );
    await fc.assert(
      fc.asyncProperty(script, async (acts) => {
        const count = 4;
        const batchId = await batchOf(count);
        const market = new MortalRunners(batchId, await runnerOf(batchId));
        for (const { what, which } of acts) await market[what](which);
        // In the end somebody lives long enough.
        await market.dieLate();
        while (await market.isOpen()) {
          await market.take();
          await market.finish();
        }
        const answered = await answeredOf(batchId);
        expect(answered).toHaveLength(count);
        expect((await settledOf(batchId)).toSorted()).toEqual(answered.toSorted());
        expect(await spent()).toBe(BigInt(count) * cost);
        expect(await held()).toBe(0n);
      }),
      { numRuns: 25 },
    );
  }, 120_000);
});

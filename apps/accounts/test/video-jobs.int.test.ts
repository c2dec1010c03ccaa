import { randomBytes } from 'node:crypto';
import type { Authorise, VideoJob } from '@aisbf/contracts';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { PgVideoJobStore } from '../src/outbound/pg-video-job-store.js';
import { authoriseBy, type Owner, openLedger, settleOf } from './ledger-bench.js';

let ledger: Awaited<ReturnType<typeof openLedger>>;
let store: PgVideoJobStore;
let buyer: Owner;
let seller: Owner;

const inAnHour = () => Date.now() + 3_600_000;

beforeAll(async () => {
  ledger = await openLedger({ connections: 16 });
  store = new PgVideoJobStore(ledger.pool);
  seller = await ledger.owner();
});
beforeEach(async () => {
  buyer = await ledger.richOwner(1_000_000n);
});
afterEach(async () => {
  // What one test has left running is not for the next to find.
  await ledger.pool.query("UPDATE video_job SET look_at = 'infinity'");
  expect(await ledger.violations()).toEqual([]);
});
afterAll(() => ledger.close());

function jobOf({ requestId, terms }: Authorise): VideoJob {
  return {
    ...{ id: `video_${randomBytes(24).toString('hex')}`, requestId, holdEpoch: 1 },
    ...{ servedPosition: 0, providerId: terms[0]?.providerId ?? '', clientId: 'one', model: 'm' },
    ...{ upstreamId: 'film-1', route: 'sams/films', units: { video_second: 4 }, seconds: 4 },
    ...{ size: null, remixedFrom: null },
  };
}

/** A film for which money is held. */
async function begun(): Promise<{ command: Authorise; job: VideoJob }> {
  const command = authoriseBy(buyer, seller);
  await ledger.store.authorise(command, false);
  return { command, job: jobOf(command) };
}

const expiryOf = async ({ requestId }: Authorise): Promise<number | undefined> => {
  const text = 'SELECT expires_at FROM hold WHERE id = $1';
  const { rows } = await ledger.pool.query<{ expires_at: Date }>(text, [requestId]);
  return rows[0]?.expires_at.getTime();
};

describe(PgVideoJobStore, () => {
  it('keeps a film together with its money, for as long as it may take', async () => {
    const { command, job } = await begun();
    const untilMs = inAnHour();
    expect(await store.open(job, untilMs)).toBe(true);
    expect(await expiryOf(command)).toBe(untilMs);
    expect(await store.find(buyer.ownerId, job.id)).toMatchObject({ ...job, state: 'running' });
    expect(await store.find(seller.ownerId, job.id)).toBeUndefined();
  });

  it('never shortens what is held for longer, and says the same to a repeat', async () => {
    const { command, job } = await begun();
    const before = await expiryOf(command);
    expect(await store.open(job, 1)).toBe(true);
    expect(await store.open(job, 1)).toBe(true);
    expect(await expiryOf(command)).toBe(before);
    const { rows } = await ledger.pool.query('SELECT FROM video_job WHERE request_id = $1', [
      command.requestId,
    ]);
    expect(rows).toHaveLength(1);
  });

  it('keeps none for which no money is held any more', async () => {
    const { command, job } = await begun();
    expect(await store.open({ ...job, holdEpoch: 2 }, inAnHour())).toBe(false);
    await ledger.settlement.settle(settleOf(command));
    expect(await store.open(job, inAnHour())).toBe(false);
    expect(await store.find(buyer.ownerId, job.id)).toBeUndefined();
  });

  it.each([
    ['completed', 'completed'],
    ['seller_failed', 'failed'],
    ['not_served', 'failed'],
  ] as const)(
    'says of one whose request has ended as %s that it has %s',
    async (outcome, state) => {
      const { command, job } = await begun();
      await store.open(job, inAnHour());
      const isServed = outcome === 'completed';
      await ledger.settlement.settle(
        settleOf(command, { outcome, ...(!isServed && { servedPosition: null, units: {} }) }),
      );
      const known = await store.find(buyer.ownerId, job.id);
      expect(known).toMatchObject({ state, endedAtMs: expect.any(Number) });
    },
  );

  it('gives each that is due to one who asks, and not again before its time', async () => {
    const jobs = await Promise.all(Array.from({ length: 9 }, begun));
    for (const { job } of jobs) await store.open(job, inAnHour());
    const taken = await Promise.all(Array.from({ length: 6 }, () => store.takeDue(3, 60_000)));
    const ids = taken.flat().map(({ id }) => id);
    expect(ids).toHaveLength(9);
    expect(new Set(ids)).toEqual(new Set(jobs.map(({ job }) => job.id)));
    expect(await store.takeDue(100, 1)).toEqual([]);
  });

  it('gives none that has ended', async () => {
    const { command, job } = await begun();
    await store.open(job, inAnHour());
    await ledger.settlement.settle(settleOf(command));
    expect(await store.takeDue(100, 1)).toEqual([]);
  });

  it('lists an owner’s own, page by page, without those that were removed', async () => {
    const ids: string[] = [];
    for (let count = 0; count < 5; count += 1) {
      const { job } = await begun();
      await store.open(job, inAnHour());
      ids.push(job.id);
    }
    const [first = '', second = '', third = ''] = ids;
    await store.remove(second);
    const page = async (after: string | null, order: 'asc' | 'desc') =>
      (await store.list(buyer.ownerId, { after, limit: 2, order })).map(({ id }) => id);
    expect(await page(null, 'asc')).toEqual([first, third, ids[3]]);
    expect(await page(third, 'asc')).toEqual(ids.slice(3));
    expect(await page(third, 'desc')).toEqual([first]);
    expect(await store.list(seller.ownerId, { after: null, limit: 9, order: 'asc' })).toEqual([]);
    // What another owner has is no place in one's own list.
    expect(await store.list(seller.ownerId, { after: first, limit: 9, order: 'asc' })).toEqual([]);
  });
});

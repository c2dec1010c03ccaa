import { randomUUID } from 'node:crypto';
import { createDatabase, type TestDatabase } from '@aisbf/testkit';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Client } from 'pg';
import { aheadOf, inForceAt, type Schedule } from '../src/domain/schedule.js';
import { StandingTerms, type TermSchedules } from '../src/outbound/standing-terms.js';

let database: TestDatabase;
let client: Client;

beforeAll(async () => {
  database = await createDatabase();
  // The router's own role may lose no term, as a database from a backup has.
  client = new Client({
    connectionString: database.adminUrl,
    options: '-c search_path=router',
  });
  await client.connect();
  // Only a restore loses terms; all others are kept from it.
  await client.query('ALTER TABLE term_change DISABLE TRIGGER term_change_append_only');
});

afterAll(async () => {
  await client.end();
  await database.drop();
});

const startMs = Date.parse('2030-01-01T00:00:00Z');
const kinds = ['listing_prices', 'listing_fee', 'seller_fee'] as const;

/** What may happen between two readings: time passes, or is set back; a term is set, or one that has not begun withdrawn. */
const happening = fc.oneof(
  fc.record({ type: fc.constant('wait' as const), ms: fc.integer({ min: -5, max: 20 }) }),
  fc.record({
    type: fc.constant('set' as const),
    kind: fc.constantFrom(...kinds),
    subject: fc.nat({ max: 2 }),
    inMs: fc.constantFrom(0, 0, 1, 10, 30),
  }),
  fc.record({ type: fc.constant('withdraw' as const), which: fc.nat({ max: 9 }) }),
  // What was set last is lost, and its number is given again.
  fc.record({ type: fc.constant('restore' as const) }),
);

async function set(kind: (typeof kinds)[number], subjectId: string, atMs: number, nowMs: number) {
  await client.query(
    `INSERT INTO term_change
       (id, sequence, kind, subject_id, subject_name, request_nanos, fee_bps, valid_from, set_at)
     SELECT $1, coalesce(max(sequence), 0) + 1, $2::term_kind, $3, 'x', $4, $5, $6, $7 FROM term_change`,
    [
      randomUUID(),
      kind,
      subjectId,
      kind === 'listing_prices' ? 7 : null,
      kind === 'listing_prices' ? null : 5,
      new Date(atMs),
      new Date(nowMs),
    ],
  );
}

/** What holds and what is to hold; what has ended does not matter. */
function standing<Value>(all: ReadonlyMap<string, Schedule<Value>>, nowMs: number) {
  return [...all]
    .map(([id, schedule]) => ({
      id,
      now: inForceAt(schedule, nowMs),
      ahead: aheadOf(schedule, nowMs),
    }))
    .filter(({ now, ahead }) => now || ahead.length > 0)
    .sort((left, right) => (left.id < right.id ? -1 : 1));
}

const standingOf = ({ prices, listingFees, sellerFees }: TermSchedules, nowMs: number) => ({
  prices: standing(prices, nowMs),
  listingFees: standing(listingFees, nowMs),
  sellerFees: standing(sellerFees, nowMs),
});

type Happening = typeof happening extends fc.Arbitrary<infer One> ? One : never;
type Subjects = Readonly<{ owner: string; listings: readonly string[] }>;

async function makeSubjects(): Promise<Subjects> {
  const [providerId, owner] = [randomUUID(), randomUUID()];
  const listings = [randomUUID(), randomUUID(), randomUUID()];
  await client.query(
    `INSERT INTO provider (id, owner_id, username, name, kind)
     VALUES ($1, $2, 'anna', 'rig', 'coderai')`,
    [providerId, owner],
  );
  for (const [at, id] of listings.entries()) {
    const row = [id, providerId, `m${at}`];
    await client.query('INSERT INTO listing (id, provider_id, model) VALUES ($1, $2, $3)', row);
  }
  return { owner, listings };
}

/** Gives what time it is afterwards. */
async function happens(one: Happening, { owner, listings }: Subjects, nowMs: number) {
  switch (one.type) {
    case 'wait':
      return nowMs + one.ms;
    case 'set': {
      const subject = one.kind === 'seller_fee' ? owner : (listings[one.subject] ?? owner);
      await set(one.kind, subject, nowMs + one.inMs, nowMs);
      return nowMs;
    }
    case 'withdraw':
      await client.query(
        `UPDATE term_change SET withdrawn_at = $1, withdrawn_by = $3, withdrawn_by_username = 'anna'
         WHERE id IN
           (SELECT id FROM term_change WHERE valid_from > $1 AND withdrawn_at IS NULL
            ORDER BY sequence OFFSET $2 LIMIT 1)`,
        [new Date(nowMs), one.which, owner],
      );
      return nowMs;
    case 'restore':
      await client.query(
        'DELETE FROM term_change WHERE sequence = (SELECT max(sequence) FROM term_change)',
      );
      return nowMs;
  }
}

describe(StandingTerms, () => {
  it('knows what a first reading would find, whatever has happened since the last', async () => {
    const run = fc.asyncProperty(fc.array(happening, { maxLength: 12 }), async (all) => {
      await client.query('BEGIN');
      try {
        const kept = new StandingTerms();
        const subjects = await makeSubjects();
        let nowMs = startMs;
        for (const one of all) {
          nowMs = await happens(one, subjects, nowMs);
          const found = await kept.read(client, nowMs);
          const fresh = await new StandingTerms().read(client, nowMs);
          expect(standingOf(found, nowMs)).toEqual(standingOf(fresh, nowMs));
        }
      } finally {
        await client.query('ROLLBACK');
      }
    });
    await fc.assert(run, { numRuns: 150 });
  });
});

import { type OwnPostgres, startOwnPostgres } from '@aisbf/testkit';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openLedger } from './ledger-bench.js';
import { deliverThrice, raceForWallets, Storm } from './ledger-storm.js';
import { contradictions } from './told-outcomes.js';

/** The same as in `storm.long.test.ts`, at a size for every day. */
describe('a storm', () => {
  it('of racing authorisations holds what there is and not a nano-dollar more', async () => {
    const ledger = await openLedger({ connections: 16 });
    const race = await raceForWallets(ledger, 4_000, 5);
    expect(race.held).toBe(race.expected);
    for (const { held } of race.wallets) expect(held).toBe(race.each);
    expect(await ledger.violations()).toEqual([]);
    await ledger.close();
  }, 60_000);

  it('of repeats charges each request once', async () => {
    const ledger = await openLedger({ connections: 16 });
    await deliverThrice(ledger, 1_000);
    const { rows } = await ledger.admin.query(
      'SELECT count(*)::int AS receipts, sum(captured)::int AS captured FROM receipt',
    );
    expect(rows).toEqual([{ receipts: 1_000, captured: 300_000 }]);
    expect(await ledger.violations()).toEqual([]);
    await ledger.close();
  }, 60_000);
});

describe('kill -9 of Postgres under load', () => {
  let postgres: OwnPostgres;
  beforeAll(async () => {
    postgres = await startOwnPostgres();
  }, 60_000);
  afterAll(() => postgres?.stop());

  it('moves no money that nobody was told of, and none twice', async () => {
    const storm = await Storm.begin(postgres, 20);
    try {
      for (let n = 0; n < 2; n += 1) await storm.kill(100);
    } finally {
      await storm.end();
    }
    expect(await contradictions(storm.ledger.admin, storm.told)).toEqual([]);
    expect(await storm.difference()).toBe(0n);
    expect(await storm.ledger.violations()).toEqual([]);
    await storm.ledger.close();
  }, 60_000);
});

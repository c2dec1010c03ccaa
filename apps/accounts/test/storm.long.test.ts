import { startOwnPostgres } from '@aisbf/testkit';
import { describe, expect, it } from '@jest/globals';
import { openLedger } from './ledger-bench.js';
import { deliverThrice, raceForWallets, Storm } from './ledger-storm.js';
import { contradictions } from './told-outcomes.js';

const minutes = 60_000;

describe('a storm', () => {
  it(
    'of a million racing authorisations holds what there is and not a nano-dollar more',
    async () => {
      const ledger = await openLedger({ connections: 16 });
      const race = await raceForWallets(ledger, 1_000_000, 50);
      expect(race.held).toBe(race.expected);
      for (const { held } of race.wallets) expect(held).toBe(race.each);
      expect(await ledger.violations()).toEqual([]);
      await ledger.close();
    },
    20 * minutes,
  );

  it(
    'of a hundred thousand requests, each delivered three times, charges each once',
    async () => {
      const ledger = await openLedger({ connections: 16 });
      await deliverThrice(ledger, 100_000);
      const { rows } = await ledger.admin.query(
        'SELECT count(*)::int AS receipts, sum(captured)::int AS captured FROM receipt',
      );
      expect(rows).toEqual([{ receipts: 100_000, captured: 30_000_000 }]);
      expect(await ledger.violations()).toEqual([]);
      await ledger.close();
    },
    15 * minutes,
  );
});

describe('kill -9 of Postgres under load', () => {
  it(
    'twenty times moves no money that nobody was told of, and none twice',
    async () => {
      const postgres = await startOwnPostgres();
      const storm = await Storm.begin(postgres, 40);
      for (let n = 0; n < 20; n += 1) await storm.kill(500);
      await storm.end();
      expect(await contradictions(storm.ledger.admin, storm.told)).toEqual([]);
      expect(await storm.difference()).toBe(0n);
      expect(await storm.ledger.violations()).toEqual([]);
      await storm.ledger.close();
      await postgres.stop();
    },
    10 * minutes,
  );
});

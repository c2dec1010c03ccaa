import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { MarketUnderLoad } from './market-under-load.js';

/** The same as in `service-death.test.ts`, again and again, on one ledger. */
let busy: MarketUnderLoad;

beforeAll(async () => {
  busy = await MarketUnderLoad.start();
}, 90_000);

afterAll(async () => {
  expect(await busy?.stop()).toEqual([]);
}, 60_000);

const rounds = 20;

describe('kill -9 under the load of twenty buyers', () => {
  it('of Postgres, twenty times: whoever got a whole answer pays for it once, and nobody else pays', async () => {
    for (let round = 0; round < rounds; round += 1) {
      const { load } = await busy.kill(busy.postgres);
      await busy.expectEachServedToPay(load);
    }
  }, 900_000);

  it('of Redis and NATS, five times, with all they had: the charges are the same', async () => {
    for (let round = 0; round < 5; round += 1) {
      const { load } = await busy.kill(busy.forgetfulServers);
      await busy.expectEachServedToPay(load);
    }
  }, 600_000);

  it('leaves nothing open, and every wallet exact', async () => {
    await busy.expectExactAtRest();
  }, 120_000);
});

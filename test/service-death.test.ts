import { until } from '@aisbf/testkit';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { MarketUnderLoad } from './market-under-load.js';

/** What ends together with the gateway may be lost between its last byte and its report. */
const lostWithinMs = 2_000;

let busy: MarketUnderLoad;

beforeAll(async () => {
  busy = await MarketUnderLoad.start();
}, 90_000);

afterAll(async () => {
  expect(await busy?.stop()).toEqual([]);
}, 60_000);

describe('kill -9 under the load of twenty buyers', () => {
  it.each(['broker', 'router', 'accounts'] as const)(
    'of the %s: whoever got a whole answer pays for it once, and nobody else pays',
    async (name) => {
      const { load } = await busy.kill(busy.market.market.services[name]);
      await busy.expectEachServedToPay(load);
    },
    60_000,
  );

  it('of Postgres: the services stay, and the charges are the same', async () => {
    const pids = () => Object.values(busy.market.market.services).map(({ pid }) => pid);
    const before = pids();
    const { load } = await busy.kill(busy.postgres);
    await busy.expectEachServedToPay(load);
    // Streams that had begun went on; the others were told to come again.
    for (const { end } of load.ends.filter((one) => !one.end.isSuccess)) {
      expect(end).toMatchObject({ status: 503, headers: { 'x-should-retry': 'true' } });
    }
    expect(pids()).toEqual(before);
  }, 60_000);

  it('of Redis and NATS, with all they had: the charges are the same', async () => {
    const { load } = await busy.kill(busy.forgetfulServers);
    await busy.expectEachServedToPay(load);
  }, 60_000);

  it('of the gateway: nobody pays twice or for a part, and only the last moment can be lost', async () => {
    const { load, killedAtMs } = await busy.kill(busy.market.market.services.gateway);
    const lost = async () => {
      const { charged, served } = await busy.chargedAndServed(load);
      expect(charged.filter((id) => !served.includes(id))).toEqual([]);
      return load.successes.filter(
        ({ end }) => !charged.includes(String(end.headers['x-request-id'])),
      );
    };
    const isOfTheLastMoment = ({ atMs }: { atMs: number }) =>
      Math.abs(atMs - killedAtMs) < lostWithinMs;
    await until(async () => (await lost()).every(isOfTheLastMoment));
  }, 60_000);

  it('leaves no hold open past its expiry, and every wallet exact', async () => {
    await busy.expectExactAtRest();
  }, 120_000);
});

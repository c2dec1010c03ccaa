import { RotatedRegistration } from '@aisbf/contracts';
import { FakeWorker, MarketUnderTest, type TestShop } from '@aisbf/testkit';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

let market: MarketUnderTest;
let shop: TestShop;

/** What a seller of a token that has leaked is promised. */
const revokedWithinMs = 1_000;
const revoked = 4003;

beforeAll(async () => {
  market = await MarketUnderTest.start({
    hasOwnServers: true,
    // Far away: only what is told, and the return of the bus, can end a session here.
    serviceEnv: { broker: { BROKER_REGISTRATION_CHECK_INTERVAL_MS: '3600000' } },
  });
}, 90_000);

afterAll(async () => {
  const wrongs = await market?.stop();
  expect(wrongs).toEqual([]);
}, 60_000);

async function connected(username: string): Promise<FakeWorker> {
  shop = await market.shop(username, 'box', ['plain']);
  const worker = await FakeWorker.connect({
    marketUrl: market.url,
    scope: username,
    provider: 'box',
    clientId: 'machine',
    registrationToken: shop.registrationToken,
  });
  worker.register(['plain']);
  await worker.frame(({ op }) => op === 'models.list');
  return worker;
}

/** Makes a new registration token; the former is void from then on. */
async function rotate(): Promise<void> {
  const path = `/api/catalog/providers/${shop.providerId}/registration-token`;
  await market.operator.call('POST', path, RotatedRegistration, {});
}

describe('a registration token that was replaced', () => {
  it('ends the sessions that came with it, within a second', async () => {
    const worker = await connected('sam');
    await rotate();
    const rotatedAtMs = performance.now();
    expect(await worker.ended()).toBe(revoked);
    expect(performance.now() - rotatedAtMs).toBeLessThan(revokedWithinMs);
  }, 30_000);

  it('ends them too when nobody could hear it, as soon as the bus is back', async () => {
    const { daemon: nats } = market.market.servers.nats;
    const worker = await connected('sue');
    await nats?.kill();
    await rotate();
    expect(worker.closeCode).toBeUndefined();
    await nats?.restart();
    expect(await worker.ended()).toBe(revoked);
  }, 60_000);
});

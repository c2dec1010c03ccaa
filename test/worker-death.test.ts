import type { WorkerProcess } from '@aisbf/one-machine';
import {
  FakeUpstream,
  MarketUnderTest,
  type TestBuyer,
  type TestShop,
  until,
} from '@aisbf/testkit';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { streamChat } from './chat-stream.js';
import { costOf, unevenPrices } from './price.js';

let market: MarketUnderTest;
let buyer: TestBuyer;

/** A seller with one machine, and the engine that it sells. */
type Seller = Readonly<{ shop: TestShop; worker: WorkerProcess; upstream: FakeUpstream }>;
let sellers: readonly Seller[] = [];

const routes = ['sam/provider/shop/plain', 'sue/provider/shop/plain', 'rotation/both'] as const;
const words = ['One ', 'two ', 'three.'] as const;

async function openSeller(username: string): Promise<Seller> {
  const upstream = await FakeUpstream.start(['plain']);
  const shop = await market.shop(username, 'shop', ['plain'], unevenPrices);
  const worker = await market.worker(shop, `machine-${username}`, { upstreamUrl: upstream.url });
  return { shop, worker, upstream };
}

beforeAll(async () => {
  market = await MarketUnderTest.start({
    // A machine that was just killed is asked last for a moment; these tests want to meet it again.
    serviceEnv: { router: { ROUTER_COOLDOWN_MS_BASE: '1', ROUTER_COOLDOWN_MS_MAX: '1' } },
  });
  buyer = await market.buyer('alice');
  sellers = await Promise.all([openSeller('sam'), openSeller('sue')]);
  const members = sellers.map(({ shop: { providerId } }) => ({ providerId, model: 'plain' }));
  await market.operator.putRotation('both', members);
  await market.untilBuyable(buyer, ...routes);
}, 60_000);

beforeEach(() => {
  for (const { upstream } of sellers) upstream.on('plain', (call) => call.answer(words));
});

afterAll(async () => {
  const wrongs = await market?.stop();
  await Promise.all(sellers.map(({ upstream }) => upstream.stop()));
  expect(wrongs).toEqual([]);
}, 60_000);

const stream = (model: string, onText?: (text: string) => void) =>
  streamChat({
    url: market.url,
    apiToken: buyer.apiToken,
    model,
    ...(onText && { onText }),
  });

describe('a machine that dies', () => {
  it('before its first byte is replaced by another, and only that one is paid', async () => {
    // Whoever is asked first says nothing; the other one answers.
    const asked = Promise.withResolvers<Seller>();
    let isFirst = true;
    for (const seller of sellers) {
      seller.upstream.on('plain', async (call) => {
        if (!isFirst) return call.answer(words);
        isFirst = false;
        asked.resolve(seller);
        await until(() => call.isLeft);
      });
    }
    const before = await market.restingWallet(buyer);
    const ending = stream('rotation/both');
    const victim = await asked.promise;
    await victim.worker.kill('SIGKILL');

    const end = await ending;
    expect(end).toMatchObject({ isSuccess: true, text: 'One two three.' });
    const other = sellers.find((seller) => seller !== victim);
    expect(end.headers['x-aisbf-attempts']).toBe('2');
    expect(end.headers['x-aisbf-provider']).toBe(`${other?.shop.username}/shop`);

    const receipt = await market.receipt(buyer, String(end.headers['x-request-id']));
    expect(receipt).toMatchObject({
      outcome: 'completed',
      servedBy: { provider: `${other?.shop.username}/shop` },
      attempts: [
        { provider: `${victim.shop.username}/shop`, result: 'failed', firstByteMs: null },
        { provider: `${other?.shop.username}/shop`, result: 'served' },
      ],
    });
    const charge = BigInt(receipt.charge);
    expect(charge).toBe(costOf(receipt.units));
    const after = await market.restingWallet(buyer);
    expect(after.posted).toBe(before.posted - charge);
    await victim.worker.restart();
  }, 30_000);

  it('after its first byte ends the answer with an error, asks nobody else and costs nothing', async () => {
    const asked = Promise.withResolvers<Seller>();
    for (const seller of sellers) {
      seller.upstream.on('plain', async (call) => {
        asked.resolve(seller);
        await call.say('Half ', 'an ');
        await until(() => call.isLeft);
      });
    }
    await market.untilBuyable(buyer, ...routes);
    const before = await market.restingWallet(buyer);
    const begun = Promise.withResolvers<void>();
    let heard = '';
    const ending = stream('rotation/both', (text) => {
      heard += text;
      if (heard.includes('an ')) begun.resolve();
    });
    await begun.promise;
    const victim = await asked.promise;
    await victim.worker.kill('SIGKILL');

    const end = await ending;
    expect(end).toMatchObject({ status: 200, text: 'Half an ', isWhole: false, isSuccess: false });
    expect(end.events).not.toContain('[DONE]');
    expect(end.error).toEqual({
      type: 'upstream_error',
      code: 'stream_cut',
      message: expect.any(String),
      param: null,
    });
    const receipt = await market.receipt(buyer, String(end.headers['x-request-id']));
    expect(receipt).toMatchObject({ state: 'released', outcome: 'seller_failed', charge: '0' });
    expect(receipt.attempts).toEqual([
      expect.objectContaining({ provider: `${victim.shop.username}/shop`, result: 'failed' }),
    ]);
    expect(await market.restingWallet(buyer)).toEqual(before);
    await victim.worker.restart();
  }, 30_000);

  it('is off the market within a second, and back when it is started again', async () => {
    const [seller] = sellers;
    if (!seller) throw new Error('There is no seller.');
    const route = 'sam/provider/shop/plain';
    await market.untilBuyable(buyer, route);
    expect(await stream(route)).toMatchObject({ isSuccess: true });

    await seller.worker.kill('SIGKILL');
    await until(async () => (await stream(route)).error?.code === 'no_candidate', {
      timeoutMs: 1_000,
    });
    await seller.worker.restart();
    await market.untilBuyable(buyer, route);
    const end = await stream(route);
    expect(end).toMatchObject({ isSuccess: true, text: 'One two three.' });
    expect(end.headers['x-aisbf-attempts']).toBe('1');
  }, 30_000);
});

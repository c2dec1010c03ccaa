import { Rotation } from '@aisbf/contracts';
import { FakeUpstream, MarketUnderTest, type TestBuyer, until } from '@aisbf/testkit';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { streamChat } from './chat-stream.js';
import { unevenPrices } from './price.js';
import { settledReceipt } from './settled.js';

let market: MarketUnderTest;
/** Behind a worker that never answers, and behind a hosted provider that costs as much. */
let silent: FakeUpstream;
let quick: FakeUpstream;
let buyer: TestBuyer;

beforeAll(async () => {
  [market, silent, quick] = await Promise.all([
    MarketUnderTest.start(),
    FakeUpstream.start(['say']),
    FakeUpstream.start(['say']),
  ]);
  silent.on('say', () => undefined);
  buyer = await market.buyer('alice');
  const shop = await market.shop('sam', 'sams', ['say'], unevenPrices);
  await market.worker(shop, 'one', { upstreamUrl: silent.url });
  const hostedId = await market.operator.createHttpProvider('hosted', quick.url, ['say']);
  await market.operator.putListing(hostedId, 'say', unevenPrices);
  await market.operator.call('PUT', '/api/catalog/rotations/hedged', Rotation, {
    hedge: { afterMs: 100 },
    members: [
      { providerId: shop.providerId, model: 'say' },
      { providerId: hostedId, model: 'say', priority: 1 },
    ],
  });
  await market.untilBuyable(buyer, 'sams/say', 'hosted/say', 'rotation/hedged');
}, 60_000);

afterAll(async () => {
  const wrongs = await market?.stop();
  await Promise.all([silent?.stop(), quick?.stop()]);
  expect(wrongs).toEqual([]);
}, 60_000);

describe('a short request to a rotation that hedges', () => {
  it('is answered by the second, paid for once, and taken back from the worker', async () => {
    const end = await streamChat({
      url: market.url,
      apiToken: buyer.apiToken,
      model: 'rotation/hedged',
      fields: { max_tokens: 50 },
    });
    expect(end.isSuccess).toBe(true);
    expect(end.headers['x-aisbf-fallback-from']).toBe('sam/sams;reason=hedged');
    const requestId = end.headers['x-request-id'];
    const receipt = await settledReceipt(market, buyer, String(requestId), unevenPrices);
    expect(BigInt(receipt.charge)).toBeLessThanOrEqual(BigInt(receipt.hold));
    expect(receipt.attempts).toMatchObject([
      { provider: 'sam/sams', result: 'cancelled', reason: 'hedged' },
      { provider: 'global/hosted', result: 'served', reason: null },
    ]);
    await until(() => silent.calls[0]?.isLeft);
  });
});

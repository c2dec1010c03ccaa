import { Acknowledgement, CreatedApiToken } from '@aisbf/contracts';
import { FakeRealtime, MarketUnderTest, type TestBuyer, until } from '@aisbf/testkit';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { costOf, unevenPrices } from './price.js';
import { RealtimeSession } from './realtime-session.js';

const prices = { ...unevenPrices, others: { audio_second: '1003', request: '17' } };
/** A second of speech. */
const second = Buffer.alloc(48_000).toString('base64');

let market: MarketUnderTest;
let upstream: FakeRealtime;
let alice: TestBuyer;

beforeAll(async () => {
  [market, upstream] = await Promise.all([MarketUnderTest.start(), FakeRealtime.start()]);
  alice = await market.buyer('alice');
  for (const [name, endpoints] of [['talks', ['realtime']], ['chats']] as const) {
    const id = await market.operator.createHttpProvider(name, upstream.url, ['talk'], endpoints);
    await market.operator.putListing(id, 'talk', prices);
  }
  const shop = await market.shop('sam', 'sams', ['demo-small']);
  await market.worker(shop, 'only', { env: { WORKER_ENDPOINTS: 'v1/realtime' } });
  await market.untilBuyable(alice, 'talks/talk', 'chats/talk', 'sams/demo-small');
}, 60_000);

afterAll(async () => {
  const wrongs = await market?.stop();
  await upstream?.stop();
  expect(wrongs).toEqual([]);
}, 60_000);

class Session extends RealtimeSession {
  constructor(buyer: Pick<TestBuyer, 'apiToken'>, model = 'talks/talk') {
    super(market.url, buyer, model);
  }
}

describe('a session', () => {
  it('is one request: held while it runs, and paid for once, for all that was delivered', async () => {
    const before = await market.restingWallet(alice);
    const session = await new Session(alice).opened();
    await session.answer('hello');
    session.talk.send({ type: 'input_audio_buffer.append', audio: second });
    await session.answer('hello');
    const running = await market.wallet(alice);
    expect(running.posted).toBe(before.posted);
    const { requestId } = await session.close();
    const receipt = await market.receipt(alice, requestId);
    expect(receipt).toMatchObject({
      ...{ state: 'settled', outcome: 'completed', route: 'talks/talk' },
      servedBy: { provider: 'global/talks', model: 'talk' },
      // 8 for the first question; that, the answer of 4, and another question for the second.
      units: { prompt_token: 8 + (8 + 8 + 5), completion_token: 8, audio_second: 1, request: 1 },
    });
    expect(BigInt(receipt.charge)).toBe(costOf(receipt.units, prices));
    expect(running.held).toBeGreaterThanOrEqual(BigInt(receipt.charge));
    const after = await market.restingWallet(alice);
    expect(before.posted - after.posted).toBe(BigInt(receipt.charge));
  });

  it('costs nothing where its model breaks off before the first answer has ended', async () => {
    upstream.on('talk', (call, { type }) => {
      if (type !== 'response.create') return;
      call.say(call.begin(), ' half', ' an');
      call.cut();
    });
    const before = await market.restingWallet(alice);
    const session = await new Session(alice).opened();
    session.ask('hello');
    const { code, requestId } = await session.ended;
    expect([session.codes, code]).toEqual([['stream_cut'], 1011]);
    expect(await market.receipt(alice, requestId)).toMatchObject({
      ...{ outcome: 'seller_failed', charge: '0' },
      attempts: [{ result: 'failed', reason: 'cut' }],
    });
    expect(await market.restingWallet(alice)).toEqual(before);
    upstream.on('talk', (call, { type }) => {
      if (type === 'response.create') call.answer(['A ', 'fake ', 'answer.']);
    });
  });

  it('gets no answer that there is no money for', async () => {
    // For one answer, and not for two.
    const poor = await market.buyer('poor', { credit: 3_500_000n });
    const session = await new Session(poor).opened();
    await session.answer('hello');
    const refused = until(() => session.codes[0]);
    session.ask('word '.repeat(20_000));
    expect(await refused).toBe('insufficient_balance');
    const { requestId } = await session.close();
    expect(await market.receipt(poor, requestId)).toMatchObject({ units: { completion_token: 4 } });
  });

  it('takes one of its token’s places for as long as it lasts', async () => {
    const limits = { concurrencyMax: 1, requestsPerMinuteMax: 1_000, tokensPerMinuteMax: 1e9 };
    const busy = await market.buyer('busy', { limits });
    const session = await new Session(busy).opened();
    const second = new Session(busy);
    await second.ended;
    expect(String(second.codes[0])).toContain('429');
    await session.close();
    await until(async () => (await market.wallet(busy)).held === 0n);
    const third = await new Session(busy).opened();
    await third.close();
  });

  it('ends when its token is revoked, and is paid for as far as it went', async () => {
    const request = { name: 'short', username: 'alice', scopes: ['inference', 'usage'] };
    const tokens = '/api/account/api-tokens';
    const made = await market.operator.call('POST', tokens, CreatedApiToken, request);
    const session = await new Session(made).opened();
    await session.answer('hello');
    await market.operator.call('DELETE', `${tokens}/${made.id}`, Acknowledgement);
    const { code, requestId } = await session.ended;
    expect([session.codes, code]).toEqual([['invalid_api_key'], 1008]);
    expect(await market.receipt(alice, requestId)).toMatchObject({
      ...{ outcome: 'completed', units: { completion_token: 4 } },
    });
  });
});

describe('before the upgrade', () => {
  it.each([
    ['a model that only workers have, whatever they say of themselves', 'sams/demo-small', 501],
    ['a hosted model that is not said to have such sessions', 'chats/talk', 501],
    ['no model', 'talks/none', 404],
  ])('%s is refused, and nothing is held', async (_what, model, status) => {
    const before = await market.restingWallet(alice);
    const session = new Session(alice, model);
    await session.ended;
    expect(String(session.codes[0])).toContain(String(status));
    expect(await market.wallet(alice)).toEqual(before);
  });

  it('a buyer without money is refused', async () => {
    const broke = await market.buyer('broke', { credit: 0n });
    const session = new Session(broke);
    await session.ended;
    expect(String(session.codes[0])).toContain('402');
  });
});
